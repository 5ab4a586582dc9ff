/**
 * Kinds of clients that are given the same state in different resources:
 *
 * - `envoy`: Envoy, over gRPC.
 * - `envoy-rest`: Envoy that polls; its listeners poll for what they need, too.
 * - `envoy-v2`: Envoy of the days of the v2 API, which polls for clusters and routes.
 * - `grpc`: gRPC clients without a proxy, which look for a listener by the host that they call, and take endpoints from
 *   EDS only.
 */
export type Dialect = "envoy" | "envoy-rest" | "envoy-v2" | "grpc";
