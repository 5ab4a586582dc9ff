import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";
import type { Failure } from "./failure.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type VirtualHost = Message<"envoy.config.route.v3.VirtualHost">;

/** What in a session's resources leads nowhere, or to another session. */
export function checkReferences(
  session: Session,
  clusters: readonly Cluster[],
  virtualHosts: readonly VirtualHost[],
): readonly Failure[] {
  const failures: Failure[] = [];
  const names = new Set<string>();
  for (const [index, { name = "" }] of clusters.entries()) {
    const path = `clusters[${index}].name`;
    if (names.has(name)) failures.push({ path, message: `there are two clusters "${name}"` });
    names.add(name);
    // The name tells whose cluster it is, so that sessions cannot take each other's.
    if (name !== session.id && !name.startsWith(`${session.id}/`)) {
      failures.push({ path, message: `must be "${session.id}" or begin with "${session.id}/", is "${name}"` });
    }
  }
  const hosts = new Set([session.host, ...session.aliases]);
  const seen = new Set<string>();
  for (const [index, { domains = [], routes = [] }] of virtualHosts.entries()) {
    for (const domain of domains) {
      const path = `virtualHosts[${index}].domains`;
      if (!hosts.has(domain)) failures.push({ path, message: `"${domain}" is not a host of the session` });
      if (seen.has(domain)) failures.push({ path, message: `"${domain}" is there twice` });
      seen.add(domain);
    }
    for (const [at, { route }] of routes.entries()) {
      const path = `virtualHosts[${index}].routes[${at}].route`;
      const weighted = (route?.weightedClusters?.clusters ?? []).map(({ name }) => name ?? "");
      const mirrors = (route?.requestMirrorPolicies ?? []).map(({ cluster }) => cluster ?? "");
      const single = route?.cluster === undefined ? [] : [route.cluster];
      for (const cluster of [...single, ...weighted, ...mirrors]) {
        if (!names.has(cluster)) failures.push({ path, message: `there is no cluster "${cluster}"` });
      }
    }
  }
  return failures;
}
