import assert from "node:assert/strict";
import { isTypeUrl, type TypeUrl } from "../../core/cache/resource_type.ts";
import type { SotwRequest, SotwResponse } from "../../core/xds/sotw_stream.ts";
import type { Audit } from "./conversation.ts";
import { COMPLETE } from "./sotw_envoy.ts";

interface Type {
  names: ReadonlySet<string>;
  /** The version that the client has. */
  version: string;
  /** How many reasons there are to say the same again. */
  reasons: number;
}

/** Sees to it that one stream of the state of the world is silent where a client has what it should have. */
export class SotwAudit implements Audit<SotwRequest, SotwResponse> {
  readonly #types = new Map<TypeUrl, Type>();

  requested({ typeUrl, names, version, error }: SotwRequest): void {
    if (!isTypeUrl(typeUrl)) return;
    const type = this.#types.get(typeUrl);
    const asked = new Set(names);
    // The first is answered; and who comes back may be asked for an answer before anything is taken away. Parts of what was rejected may be what it has.
    const asks = !type || asked.difference(type.names).size > 0 || error !== undefined;
    this.#types.set(typeUrl, { names: asked, version, reasons: (type?.reasons ?? 0) + Number(asks) });
  }

  responded({ typeUrl, payload }: SotwResponse): void {
    const type = isTypeUrl(typeUrl) ? this.#types.get(typeUrl) : undefined;
    // A removal that is not told brings nothing new, and then the same once more.
    if (!type || !COMPLETE.has(typeUrl) || payload.version !== type.version) return;
    assert.ok(type.reasons-- > 0, "sent in the version that the client has");
  }
}
