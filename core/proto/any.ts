import { encodeMessage } from "./codec.ts";
import type { MessageName, Messages } from "./message_types.ts";
import { concatBytes, fieldBytes, fieldString } from "./wire.ts";

/** The type URL of a message type. */
export function typeUrlOf<T extends MessageName>(type: T): `type.googleapis.com/${T}` {
  return `type.googleapis.com/${type}`;
}

/** The parts of the `google.protobuf.Any` that holds this message. */
export function packAny<T extends MessageName>(
  type: T,
  message: Messages[T],
): { readonly typeUrl: string; readonly value: Uint8Array } {
  return { typeUrl: typeUrlOf(type), value: encodeMessage(type, message) };
}

/** An encoded `google.protobuf.Any` of a message that is encoded already; `type` is a full name or a type URL. */
export function encodeAny(type: string, bytes: Uint8Array): Uint8Array {
  const typeUrl = type.includes("/") ? type : `type.googleapis.com/${type}`;
  return concatBytes(bytes.length === 0 ? [fieldString(1, typeUrl)] : [fieldString(1, typeUrl), fieldBytes(2, bytes)]);
}
