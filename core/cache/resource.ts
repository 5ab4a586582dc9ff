import { createHash } from "node:crypto";

/** One named Envoy resource in its current form. Immutable: a change is another `Resource`. */
export interface Resource {
  readonly name: string;
  /** A content hash, 24 hex digits: the same name and content have the same version in every replica. */
  readonly version: string;
  /** The session that it belongs to; absent for what the configuration alone makes. */
  readonly sessionId?: string;
  /** Parts of all sessions are in it. */
  readonly aggregate?: true;
  /** The encoded message. Large ones are put together when first asked for. */
  readonly body: Uint8Array;
  /** Of a route configuration with all sessions: what `body` is put together of. */
  readonly parts?: RouteParts;
}

/** A route configuration in encoded parts. Those that do not change are the same objects in every version of it. */
export interface RouteParts {
  /** All of it but the virtual hosts. */
  readonly frame: Uint8Array;
  readonly virtualHosts: readonly Uint8Array[];
}

/** A resource whose version is the hash of its name and body. */
export function createResource(name: string, body: Uint8Array, sessionId?: string): Resource {
  const version = createHash("sha256").update(name).update("\0").update(body).digest("hex").slice(0, 24);
  return sessionId === undefined ? { name, version, body } : { name, version, body, sessionId };
}
