/** The type URLs of the resources that Signalbox serves. */
export const LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener";
export const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
export const ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
export const ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
export const SCOPED_ROUTE = "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration";
export const VIRTUAL_HOST = "type.googleapis.com/envoy.config.route.v3.VirtualHost";
export const SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";

export const TYPE_URLS = [SECRET, CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, ROUTE, VIRTUAL_HOST] as const;

export type TypeUrl = typeof TYPE_URLS[number];

const known: ReadonlySet<string> = new Set(TYPE_URLS);

export function isTypeUrl(url: string): url is TypeUrl {
  return known.has(url);
}

/** Short names for metrics, logs and people. */
export const TYPE_LABELS: Readonly<Record<TypeUrl, string>> = {
  [SECRET]: "secret",
  [CLUSTER]: "cluster",
  [ENDPOINT]: "endpoint",
  [LISTENER]: "listener",
  [SCOPED_ROUTE]: "scoped_route",
  [ROUTE]: "route",
  [VIRTUAL_HOST]: "virtual_host",
};

/**
 * Whether "all of them" can be subscribed to. Not for secrets: whoever wants a private key has to know its name.
 */
export function allowsWildcard(typeUrl: TypeUrl): boolean {
  return typeUrl !== SECRET;
}
