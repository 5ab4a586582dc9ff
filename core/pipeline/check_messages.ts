import { joinPath } from "../proto/bad_field.ts";
import { checkMessage } from "../proto/check.ts";
import type { Message, MessageName } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";
import { checkClusters, checkRoutes, checkSecrets, checkVirtualHosts, type Targets } from "./references.ts";

export const CLUSTER = "envoy.config.cluster.v3.Cluster";
export const LB_ENDPOINT = "envoy.config.endpoint.v3.LbEndpoint";
export const ROUTE = "envoy.config.route.v3.Route";
export const SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret";
export const VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost";

/** The resources of one session as messages, when all hooks have run. */
export interface SessionMessages {
  /** What `session` hooks left; `undefined` where they left nothing, and then there is nothing else. */
  readonly session: Session | undefined;
  readonly clusters: readonly Message<typeof CLUSTER>[];
  readonly secrets: readonly Message<typeof SECRET>[];
  readonly virtualHosts: readonly Message<typeof VIRTUAL_HOST>[];
}

type Of<Type extends MessageName> = readonly Message<Type>[];

/**
 * What Envoy would refuse, and what leads nowhere or to another session, by hook point. Where a message is not even valid,
 * it is not asked where it leads.
 */
export const messageChecks = {
  endpoint: (endpoints: Of<typeof LB_ENDPOINT>) => checkAll(LB_ENDPOINT, "endpoints", endpoints),
  cluster: (session: Session, clusters: Of<typeof CLUSTER>) =>
    orElse(checkAll(CLUSTER, "clusters", clusters.map(nameAssignment)), () => checkClusters(session, clusters)),
  secret: (session: Session, secrets: Of<typeof SECRET>) =>
    orElse(checkAll(SECRET, "secrets", secrets), () => checkSecrets(session, secrets)),
  route: (targets: Targets, routes: Of<typeof ROUTE>) =>
    orElse(checkAll(ROUTE, "routes", routes), () => checkRoutes(targets, routes)),
  virtualHost: (session: Session, targets: Targets, virtualHosts: Of<typeof VIRTUAL_HOST>) =>
    orElse(
      checkAll(VIRTUAL_HOST, "virtualHosts", virtualHosts),
      () => checkVirtualHosts(session, targets, virtualHosts),
    ),
} as const;

/** Everything that is wrong with a session's resources; endpoints and routes are part of others here. */
export function checkMessages(
  { session, clusters, secrets, virtualHosts }: SessionMessages,
  sharedClusters: ReadonlySet<string>,
): readonly Issue[] {
  if (session === undefined) return [];
  return [
    ...messageChecks.cluster(session, clusters),
    ...messageChecks.secret(session, secrets),
    ...messageChecks.virtualHost(session, { clusters, shared: sharedClusters }, virtualHosts),
  ];
}

/** The issues of messages of one type, with paths as in `clusters[0].connectTimeout`. */
export function checkAll<Type extends MessageName>(type: Type, place: string, messages: Of<Type>): readonly Issue[] {
  return messages.flatMap((message, index) =>
    checkMessage(type, message).map((issue) => ({ ...issue, path: joinPath(`${place}[${index}]`, issue.path) }))
  );
}

/** Endpoints go by their cluster's name whatever they say, so hooks need not say it. */
function nameAssignment(cluster: Message<typeof CLUSTER>): Message<typeof CLUSTER> {
  const { name, loadAssignment } = cluster;
  if (loadAssignment === undefined || loadAssignment.clusterName !== undefined) return cluster;
  return { ...cluster, loadAssignment: { ...loadAssignment, clusterName: name } };
}

/** `issues`, and only where there are none those of `next`. */
export function orElse(issues: readonly Issue[], next: () => readonly Issue[]): readonly Issue[] {
  return issues.length > 0 ? issues : next();
}
