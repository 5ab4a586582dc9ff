import { asTypeError } from "./bad_field.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { fromJson } from "./from_json.ts";
import type { JsonValue, MessageName, Messages } from "./message_types.ts";
import { messageType } from "./schema.ts";
import { type JsonOptions, toJson } from "./to_json.ts";

/**
 * A message's bytes. Equal messages have equal bytes whatever the order in which they were written down.
 * Throws a `TypeError` that names the path of a field that the type does not have, or of a value of the wrong type.
 */
export function encodeMessage<T extends MessageName>(type: T, message: Messages[T]): Uint8Array {
  try {
    return encode(messageType(type), message);
  } catch (thrown) {
    throw asTypeError(thrown, "encode", type);
  }
}

/**
 * A message from its bytes: only the fields that were on the wire, enums as their names (a number where we know no
 * name), an `Any` as `{"@type", …}` or, of an unknown type, with its bytes in `value`. Throws when the bytes are cut off.
 */
export function decodeMessage<T extends MessageName>(type: T, bytes: Uint8Array): Messages[T] {
  // The schema is made from the same descriptors as the type.
  return decode(messageType(type), bytes) as Messages[T];
}

/** A message as proto3 JSON, as it is in Envoy's configuration files: fields in snake case if so wished. */
export function messageToJson<T extends MessageName>(
  type: T,
  message: Messages[T],
  options: JsonOptions = {},
): JsonValue {
  try {
    return toJson(messageType(type), message, options);
  } catch (thrown) {
    throw asTypeError(thrown, "write as JSON", type);
  }
}

/** A message from proto3 JSON, with names in either case. Throws a `TypeError` that names the path of what is wrong. */
export function messageFromJson<T extends MessageName>(type: T, json: unknown): Messages[T] {
  try {
    return fromJson(messageType(type), json) as Messages[T];
  } catch (thrown) {
    throw asTypeError(thrown, "read JSON as", type);
  }
}
