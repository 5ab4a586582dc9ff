/**
 * Kinds of clients that are given the same state in different resources: Envoy, and gRPC clients without a proxy, which
 * look for a listener by the host that they call, and take endpoints from EDS only.
 */
export type Dialect = "envoy" | "grpc";
