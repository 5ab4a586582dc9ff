import assert from "node:assert/strict";
import { ENDPOINT, isTypeUrl, type TypeUrl } from "../../core/cache/resource_type.ts";
import type { ViewSource } from "../../core/cache/view_source.ts";
import type { DeltaRequest, DeltaResponse } from "../../core/xds/delta_stream.ts";
import type { Audit } from "./conversation.ts";

interface Told {
  readonly version: string;
  /** As of which generation it was told. */
  readonly generation: number;
  /** How many reasons there are to say it again. */
  reasons: number;
}

/** Sees to it that one delta stream says nothing twice without a reason. */
export class DeltaAudit implements Audit<DeltaRequest, DeltaResponse> {
  readonly #views: ViewSource;
  readonly #types = new Map<TypeUrl, Map<string, Told>>();
  readonly #inFlight = new Map<TypeUrl, readonly string[]>();

  constructor(views: ViewSource) {
    this.#views = views;
  }

  requested({ typeUrl, subscribe, unsubscribe, initialVersions, error }: DeltaRequest): void {
    if (!isTypeUrl(typeUrl)) return;
    const told = this.#types.get(typeUrl);
    if (!told) {
      // Endpoints that are asked for are sent though Envoy has had them.
      const generation = this.#views.view(typeUrl).log.head;
      const entries = typeUrl === ENDPOINT ? [] : Object.entries(initialVersions);
      this.#types.set(
        typeUrl,
        new Map(entries.map(([name, version]) => [name, { version, generation, reasons: 0 }])),
      );
      return;
    }
    const all = subscribe.includes("*") ? [...told.keys()] : [];
    const rejected = error === undefined ? [] : this.#inFlight.get(typeUrl) ?? [];
    this.#again(typeUrl, [...subscribe, ...unsubscribe, ...all, ...rejected]);
  }

  responded({ typeUrl, version: generation, payload }: DeltaResponse): void {
    const told = isTypeUrl(typeUrl) ? this.#types.get(typeUrl) : undefined;
    if (!told || !isTypeUrl(typeUrl)) return;
    const { log } = this.#views.view(typeUrl);
    for (const { name, version } of payload.resources) {
      const earlier = told.get(name);
      const isRepeated = earlier?.version === version;
      if (isRepeated && log.lastChanged(name) <= earlier.generation) {
        assert.ok(earlier.reasons > 0, `${name} is sent again in the same version`);
      }
      const reasons = isRepeated ? Math.max(0, earlier.reasons - 1) : 0;
      told.set(name, { version, generation: Number(generation), reasons });
    }
    this.#inFlight.set(typeUrl, payload.resources.map(({ name }) => name));
  }

  #again(typeUrl: TypeUrl, names: readonly string[]): void {
    for (const name of names) {
      const told = this.#types.get(typeUrl)?.get(name);
      if (told) told.reasons++;
    }
  }
}
