import { encodeAny } from "../proto/any.ts";
import { concatBytes, fieldBytes, fieldString } from "../proto/wire.ts";
import type { SotwResponse } from "./sotw_stream.ts";

/** Field numbers of `envoy.service.discovery.v3.DiscoveryResponse`. */
const FIELD = { version: 1, resources: 2, typeUrl: 4, nonce: 5 } as const;

/** An encoded `DiscoveryResponse`. */
export function encodeSotwResponse({ typeUrl, nonce, payload }: SotwResponse): Uint8Array {
  return concatBytes([
    fieldString(FIELD.version, payload.version),
    ...payload.resources.map(({ body }) => fieldBytes(FIELD.resources, encodeAny(typeUrl, body))),
    fieldString(FIELD.typeUrl, typeUrl),
    fieldString(FIELD.nonce, nonce),
  ]);
}
