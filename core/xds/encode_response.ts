import { encodeAny } from "../proto/any.ts";
import { concatBytes, fieldBytes, fieldString } from "../proto/wire.ts";
import type { Resource } from "../cache/resource.ts";
import type { DeltaResponse } from "./delta_stream.ts";
import type { DeltaPayload } from "./delta_subscription.ts";

/** Field numbers of `envoy.service.discovery.v3`. */
const DELTA = { version: 1, resources: 2, typeUrl: 4, nonce: 5, removed: 6 } as const;
const RESOURCE = { version: 1, resource: 2, name: 3, aliases: 4 } as const;

/** Larger payloads belong to one client's start and are not kept. */
const MAX_SHARED_BYTES = 256 * 1024;

/** Clients that are told the same share the bytes; only the nonce is each one's own. */
const encoded = new WeakMap<DeltaPayload, Uint8Array>();

function deltaResource(typeUrl: string, { name, version, body }: Resource): Uint8Array {
  return concatBytes([
    fieldString(RESOURCE.version, version),
    fieldBytes(RESOURCE.resource, encodeAny(typeUrl, body)),
    fieldString(RESOURCE.name, name),
  ]);
}

/** Envoy finds the requests that wait for it among the aliases. */
function unknownResource(name: string): Uint8Array {
  return concatBytes([fieldString(RESOURCE.name, name), fieldString(RESOURCE.aliases, name)]);
}

function encodePayload(typeUrl: string, payload: DeltaPayload): Uint8Array {
  const known = encoded.get(payload);
  if (known) return known;
  const bytes = concatBytes([
    ...payload.resources.map((resource) => fieldBytes(DELTA.resources, deltaResource(typeUrl, resource))),
    ...payload.unknown.map((name) => fieldBytes(DELTA.resources, unknownResource(name))),
    ...payload.removed.map((name) => fieldString(DELTA.removed, name)),
    fieldString(DELTA.typeUrl, typeUrl),
  ]);
  if (bytes.length <= MAX_SHARED_BYTES) encoded.set(payload, bytes);
  return bytes;
}

/** An encoded `DeltaDiscoveryResponse`. */
export function encodeDeltaResponse({ typeUrl, nonce, version, payload }: DeltaResponse): Uint8Array {
  return concatBytes([
    fieldString(DELTA.version, version),
    encodePayload(typeUrl, payload),
    fieldString(DELTA.nonce, nonce),
  ]);
}
