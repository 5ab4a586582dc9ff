import { BadField, describe, isRecord } from "./bad_field.ts";
import { findType, type MessageSchema } from "./schema.ts";

export const ANY = "google.protobuf.Any";

/** What an `Any` in its readable form says: a message of a known type, or bytes of whatever type. */
export type AnyContent =
  | { readonly kind: "message"; readonly typeUrl: string; readonly schema: MessageSchema; readonly message: unknown }
  | { readonly kind: "opaque"; readonly typeUrl: string; readonly bytes: Uint8Array };

/** The part of a type URL that names the message. */
export function messageNameOf(typeUrl: string): string {
  return typeUrl.slice(typeUrl.lastIndexOf("/") + 1);
}

/** Messages that are plain JSON here, so they stand in an `Any` under `value`. */
const UNDER_VALUE: ReadonlySet<string> = new Set([
  "google.protobuf.ListValue",
  "google.protobuf.Struct",
  "google.protobuf.Value",
]);

/** The message type of a type URL, absent when it is not one of ours. */
export function schemaOfUrl(typeUrl: string): MessageSchema | undefined {
  const schema = findType(messageNameOf(typeUrl));
  return schema?.kind === "message" ? schema : undefined;
}

/**
 * Reads `{"@type", …}`. Bytes under `value` are taken as the encoded message whatever the type, unless the message has
 * a field of that name: so a message that is encoded already is not decoded only to be encoded again.
 */
export function readAny(any: unknown): AnyContent {
  if (!isRecord(any)) throw new BadField(`expected an object with "@type", got ${describe(any)}`);
  const { "@type": typeUrl, ...message } = any;
  if (typeof typeUrl !== "string") throw new BadField(`expected a type URL in "@type", got ${describe(typeUrl)}`);
  if (!/^[^/]*\/(.*\/)?[A-Za-z_][\w.]*$/.test(typeUrl)) {
    throw new BadField(
      `"@type" must be like "type.googleapis.com/envoy.config.core.v3.Address", got ${describe(typeUrl)}`,
    );
  }
  const schema = schemaOfUrl(typeUrl);
  if (message["value"] instanceof Uint8Array && Object.keys(message).length === 1 && !schema?.byName.has("value")) {
    return { kind: "opaque", typeUrl, bytes: message["value"] };
  }
  if (schema === undefined) {
    throw new BadField(`the type of ${describe(typeUrl)} is unknown: give its encoded bytes as "value"`);
  }
  return { kind: "message", typeUrl, schema, message: UNDER_VALUE.has(schema.fullName) ? message["value"] : message };
}

/** The readable form of a decoded message of a known type. */
export function writeAny(typeUrl: string, schema: MessageSchema, message: unknown): Record<string, unknown> {
  const plain = !UNDER_VALUE.has(schema.fullName) && isRecord(message);
  return plain ? { "@type": typeUrl, ...message } : { "@type": typeUrl, value: message };
}
