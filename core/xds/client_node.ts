import type { Identity } from "../access/identity.ts";
import type { Dialect } from "../cache/dialect.ts";
import type { Message } from "../proto/message_types.ts";

/** Who is at the other end of a stream, as it says itself; `identities` alone it has proven. */
export interface ClientNode {
  readonly id: string;
  readonly cluster: string;
  readonly metadata: NonNullable<Message<"envoy.config.core.v3.Node">["metadata"]>;
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
  /** As `envoy` or `gRPC C-core`. */
  readonly userAgent: string;
  readonly identities: Identity;
}

/** The node of a client's first request. What it does not say is empty. */
export function toClientNode(
  node: Message<"envoy.config.core.v3.Node"> | undefined,
  identities: Identity = [],
): ClientNode {
  return {
    id: node?.id ?? "",
    cluster: node?.cluster ?? "",
    metadata: node?.metadata ?? {},
    region: node?.locality?.region ?? "",
    zone: node?.locality?.zone ?? "",
    subZone: node?.locality?.subZone ?? "",
    userAgent: node?.userAgentName ?? "",
    identities,
  };
}

/** Clients of gRPC's own call themselves `gRPC C-core`, `gRPC Go`, `gRPC Node Pure JS` and so on. */
export function dialectOf({ userAgent }: ClientNode): Dialect {
  return userAgent.startsWith("gRPC") ? "grpc" : "envoy";
}
