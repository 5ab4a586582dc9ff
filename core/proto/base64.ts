import { Buffer } from "node:buffer";
import { BadField, describe } from "./bad_field.ts";

export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** Bytes from base64, the URL-safe alphabet too, with or without padding. Throws a `BadField` for anything else. */
export function decodeBase64(text: unknown): Uint8Array {
  if (typeof text !== "string" || !/^[\w+/-]*={0,2}$/.test(text)) {
    throw new BadField(`expected base64, got ${describe(text)}`);
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}
