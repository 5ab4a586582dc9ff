import type { Messages } from "../../protos/generated/types/messages.ts";

export type { Messages } from "../../protos/generated/types/messages.ts";
export type { AnyMessage, OpaqueMessage } from "../../protos/generated/types/any_message.ts";
export type { Int64, JsonValue } from "../../protos/generated/types/values.ts";

/** The full name of a message type, as in `envoy.config.cluster.v3.Cluster`. */
export type MessageName = keyof Messages;

/** A message by the full name of its type. */
export type Message<T extends MessageName> = Messages[T];
