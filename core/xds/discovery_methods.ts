import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../cache/resource_type.ts";

/** A method of a discovery service. */
export interface DiscoveryMethod {
  /** `/package.Service/Method`. */
  readonly path: string;
  readonly kind: "delta" | "sotw" | "fetch";
  /** The one type that it serves; absent: all (ADS). */
  readonly typeUrl?: TypeUrl;
}

/** Service, the word in its methods' names, type, and which methods the API defines for it. */
const SERVICES: readonly (readonly [string, string, TypeUrl, readonly DiscoveryMethod["kind"][]])[] = [
  ["listener.v3.ListenerDiscoveryService", "Listeners", LISTENER, ["delta", "sotw", "fetch"]],
  ["route.v3.RouteDiscoveryService", "Routes", ROUTE, ["delta", "sotw", "fetch"]],
  ["route.v3.ScopedRoutesDiscoveryService", "ScopedRoutes", SCOPED_ROUTE, ["delta", "sotw", "fetch"]],
  ["route.v3.VirtualHostDiscoveryService", "VirtualHosts", VIRTUAL_HOST, ["delta"]],
  ["cluster.v3.ClusterDiscoveryService", "Clusters", CLUSTER, ["delta", "sotw", "fetch"]],
  ["endpoint.v3.EndpointDiscoveryService", "Endpoints", ENDPOINT, ["delta", "sotw", "fetch"]],
  ["secret.v3.SecretDiscoveryService", "Secrets", SECRET, ["delta", "sotw", "fetch"]],
];

const VERBS = { delta: "Delta", sotw: "Stream", fetch: "Fetch" } as const;

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";

/** The services that have these methods, as in `envoy.service.cluster.v3.ClusterDiscoveryService`. */
export const DISCOVERY_SERVICES: readonly string[] = [
  ADS.slice(1),
  ...SERVICES.map(([name]) => `envoy.service.${name}`),
];

/** Every method by which resources can be had over gRPC. */
export const DISCOVERY_METHODS: readonly DiscoveryMethod[] = [
  { path: `${ADS}/DeltaAggregatedResources`, kind: "delta" },
  { path: `${ADS}/StreamAggregatedResources`, kind: "sotw" },
  ...SERVICES.flatMap(([service, word, typeUrl, kinds]) =>
    kinds.map((kind) => ({ path: `/envoy.service.${service}/${VERBS[kind]}${word}`, kind, typeUrl }))
  ),
];
