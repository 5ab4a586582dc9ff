import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type Secret = Message<"envoy.extensions.transport_sockets.tls.v3.Secret">;
type Route = Message<"envoy.config.route.v3.Route">;
type VirtualHost = Message<"envoy.config.route.v3.VirtualHost">;
type Mirror = Message<"envoy.config.route.v3.RouteAction.RequestMirrorPolicy">;

/** What routes of a session may lead to. */
export interface Targets {
  /** The session's own. */
  readonly clusters: readonly Cluster[];
  /** Names of those that belong to no session. */
  readonly shared: ReadonlySet<string>;
}

/** A place where traffic would go: a cluster by name, or chosen in a way that cannot be looked up here. */
interface Lead {
  readonly path: string;
  readonly cluster: string | undefined;
}

/** Ways of choosing a cluster per request. */
const OPEN_CHOICES = ["clusterHeader", "clusterSpecifierPlugin", "inlineClusterSpecifierPlugin"] as const;

/** Types of clusters whose endpoints come from elsewhere, by name and by number: hooks may give either. */
const WITHOUT_ENDPOINTS: ReadonlyMap<string, string> = new Map([
  ["EDS", "EDS"],
  ["3", "EDS"],
  ["ORIGINAL_DST", "ORIGINAL_DST"],
  ["4", "ORIGINAL_DST"],
]);

/** Clusters are the session's own, each there once, with their endpoints in them. */
export function checkClusters(session: Session, clusters: readonly Cluster[]): readonly Issue[] {
  const prefix = `${session.id}/`;
  // The name tells whose it is, so that sessions cannot take each other's.
  const issues = checkNames(clusters, "cluster", (name) => {
    return name === session.id || name.startsWith(prefix) ? undefined : `"${session.id}" or begin with "${prefix}"`;
  });
  for (const [index, { type }] of clusters.entries()) {
    const found = WITHOUT_ENDPOINTS.get(String(type));
    if (found === undefined) continue;
    const message = `must be of a type that has its endpoints in it, such as STATIC or STRICT_DNS, is ${found}`;
    issues.push({ path: `clusters[${index}].type`, message });
  }
  return issues;
}

/** Secrets are the session's own; one with a host's name is what Envoy asks for by the TLS server name. */
export function checkSecrets(session: Session, secrets: readonly Secret[]): readonly Issue[] {
  const hosts = hostsOf(session);
  const prefix = `${session.id}/`;
  // The bare id is not among them: it might be another session's host.
  return checkNames(secrets, "secret", (name) => {
    return hosts.has(name) || name.startsWith(prefix) ? undefined : `a host of the session or begin with "${prefix}"`;
  });
}

/** Routes lead to clusters of the session, or to those that belong to none. Paths begin at `place`. */
export function checkRoutes(
  targets: Targets,
  routes: readonly Route[],
  place = "routes",
): readonly Issue[] {
  const leads = routes.flatMap(({ route = {} }, index): Lead[] => {
    const path = `${place}[${index}].route`;
    const weighted = route.weightedClusters?.clusters ?? [];
    return [
      ...(route.cluster === undefined ? [] : [{ path: `${path}.cluster`, cluster: route.cluster }]),
      ...OPEN_CHOICES.filter((name) => route[name] !== undefined).map((name) => (
        { path: `${path}.${name}`, cluster: undefined }
      )),
      ...weighted.map(({ name }, at) => ({ path: `${path}.weightedClusters.clusters[${at}]`, cluster: name })),
      ...mirrorsOf(path, route.requestMirrorPolicies),
    ];
  });
  return checkTargets(targets, leads);
}

/** Virtual hosts answer for hosts of the session, each host once, and lead to its clusters. */
export function checkVirtualHosts(
  session: Session,
  targets: Targets,
  virtualHosts: readonly VirtualHost[],
): readonly Issue[] {
  const issues: Issue[] = [];
  const hosts = hostsOf(session);
  const seen = new Set<string>();
  for (const [index, { domains = [], routes = [], requestMirrorPolicies }] of virtualHosts.entries()) {
    const place = `virtualHosts[${index}]`;
    for (const [at, domain] of domains.entries()) {
      const path = `${place}.domains[${at}]`;
      if (!hosts.has(domain)) issues.push({ path, message: `"${domain}" is not a host of the session` });
      else if (seen.has(domain)) issues.push({ path, message: `"${domain}" is there twice` });
      seen.add(domain);
    }
    issues.push(...checkTargets(targets, mirrorsOf(place, requestMirrorPolicies)));
    issues.push(...checkRoutes(targets, routes, `${place}.routes`));
  }
  return issues;
}

function checkNames(
  resources: readonly { readonly name?: string | undefined }[],
  kind: "cluster" | "secret",
  expected: (name: string) => string | undefined,
): Issue[] {
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const [index, { name = "" }] of resources.entries()) {
    const path = `${kind}s[${index}].name`;
    if (seen.has(name)) issues.push({ path, message: `there are two ${kind}s "${name}"` });
    seen.add(name);
    const rule = expected(name);
    if (rule !== undefined) issues.push({ path, message: `must be ${rule}, is "${name}"` });
  }
  return issues;
}

function checkTargets({ clusters, shared }: Targets, leads: readonly Lead[]): Issue[] {
  return leads.flatMap(({ path, cluster }) => {
    if (cluster === undefined || cluster === "") {
      return [{ path, message: "must name a cluster: it might lead to another session's otherwise" }];
    }
    return shared.has(cluster) || clusters.some(({ name }) => name === cluster)
      ? []
      : [{ path, message: `there is no cluster "${cluster}"` }];
  });
}

function mirrorsOf(place: string, mirrors: readonly Mirror[] = []): Lead[] {
  return mirrors.map(({ cluster }, index) => ({ path: `${place}.requestMirrorPolicies[${index}]`, cluster }));
}

const hostsOf = ({ host, aliases }: Session): ReadonlySet<string> => new Set([host, ...aliases]);
