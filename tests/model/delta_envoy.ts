import assert from "node:assert/strict";
import type { Resource } from "../../core/cache/resource.ts";
import { isTypeUrl, type TypeUrl } from "../../core/cache/resource_type.ts";
import type { DeltaRequest, DeltaResponse } from "../../core/xds/delta_stream.ts";
import { Effect, type Envoy, type Temper } from "./envoy.ts";

/** One type, as Envoy's delta subscription state keeps it. */
class Type {
  /** What is asked for by name, "*" too, with the version that is there. */
  readonly requested = new Map<string, string | undefined>();
  /** Versions of what came because of "*". */
  readonly wildcard = new Map<string, string>();
  /** Versions of what was unsubscribed while "*" is on: it may be there because of "*", or not. */
  readonly ambiguous = new Map<string, string>();
  /** In effect: differs from the versions after a rejected response of which some was applied. */
  readonly effect: Effect;
  readonly added = new Set<string>();
  readonly removed = new Set<string>();
  legacy = false;
  begun = false;

  constructor(typeUrl: TypeUrl, temper: Temper) {
    this.effect = new Effect(typeUrl, temper);
  }

  add(name: string): void {
    if (name !== "*") this.legacy = false;
    const version = this.requested.get(name) ?? this.wildcard.get(name) ?? this.ambiguous.get(name);
    this.wildcard.delete(name);
    this.ambiguous.delete(name);
    this.requested.set(name, version);
    this.removed.delete(name);
    this.added.add(name);
  }

  remove(name: string): void {
    const version = this.requested.get(name);
    const had = this.requested.has(name);
    if (this.requested.has("*") && version !== undefined) this.ambiguous.set(name, version);
    this.requested.delete(name);
    this.added.delete(name);
    if (had) {
      this.removed.add(name);
      this.legacy = false;
    }
    if (name === "*") {
      this.wildcard.clear();
      this.ambiguous.clear();
    }
    for (const name of this.effect.resources.keys()) if (!this.wants(name)) this.effect.drop(name);
  }

  wants(name: string): boolean {
    return this.requested.has("*") || this.requested.has(name);
  }

  accept({ payload: { resources, removed } }: DeltaResponse): void {
    for (const { name, version } of resources) {
      if (this.requested.has(name)) this.requested.set(name, version);
      else if (this.requested.has("*")) {
        this.ambiguous.delete(name);
        this.wildcard.set(name, version);
      }
    }
    for (const name of removed) {
      if (this.requested.has(name)) this.requested.set(name, undefined);
      else if (!this.ambiguous.delete(name)) this.wildcard.delete(name);
    }
  }

  versions(): Record<string, string> {
    const requested = [...this.requested].filter((entry): entry is [string, string] => entry[1] !== undefined);
    return Object.fromEntries([...requested, ...this.wildcard, ...this.ambiguous]);
  }
}

/** An Envoy that speaks the delta protocol as the real one does: what it keeps, and what it says after a reconnect. */
export class DeltaEnvoy implements Envoy<DeltaRequest, DeltaResponse> {
  readonly #types = new Map<TypeUrl, Type>();
  readonly #temper: Temper;

  constructor(temper: Temper) {
    this.#temper = temper;
  }

  get types(): Iterable<TypeUrl> {
    return this.#types.keys();
  }

  applied(typeUrl: TypeUrl): ReadonlyMap<string, Resource> {
    return this.#types.get(typeUrl)?.effect.resources ?? new Map();
  }

  wants(typeUrl: TypeUrl, name: string): boolean {
    return this.#types.get(typeUrl)?.wants(name) ?? false;
  }

  knows(typeUrl: TypeUrl, name: string): boolean {
    const type = this.#types.get(typeUrl);
    return type?.versions()[name] === type?.effect.resources.get(name)?.version;
  }

  names(typeUrl: TypeUrl): readonly string[] {
    return [...this.#types.get(typeUrl)?.requested.keys() ?? []];
  }

  rejects(typeUrl: TypeUrl, resource: Resource): boolean {
    return this.#temper.rejects(typeUrl, resource);
  }

  connect(): readonly DeltaRequest[] {
    return [...this.#types].flatMap(([typeUrl, type]) => {
      type.begun = false;
      return type.legacy || type.requested.size > 0 ? [this.#request(typeUrl, type)] : [];
    });
  }

  subscribe(typeUrl: TypeUrl, names: readonly string[]): readonly DeltaRequest[] {
    const type = this.#types.get(typeUrl) ?? new Type(typeUrl, this.#temper);
    if (names.length === 0 && !this.#types.has(typeUrl)) {
      type.legacy = true;
      type.requested.set("*", undefined);
    }
    this.#types.set(typeUrl, type);
    for (const name of names) type.add(name);
    return [this.#request(typeUrl, type)];
  }

  unsubscribe(typeUrl: TypeUrl, names: readonly string[]): readonly DeltaRequest[] {
    const type = this.#types.get(typeUrl);
    if (!type) return [];
    for (const name of names) type.remove(name);
    if (!type.begun && type.requested.size === 0) return [];
    return [this.#request(typeUrl, type)];
  }

  hear(response: DeltaResponse): DeltaRequest {
    const { typeUrl, nonce, payload } = response;
    assert.ok(isTypeUrl(typeUrl));
    const type = this.#types.get(typeUrl);
    assert.ok(type, `nobody asked for ${typeUrl}`);
    const names = [...payload.resources.map(({ name }) => name), ...payload.removed, ...payload.unknown];
    assert.equal(new Set(names).size, names.length, `a name twice: ${names}`);
    const wanted = payload.resources.filter(({ name }) => type.wants(name));
    const culprits = type.effect.take(wanted, payload.removed);
    if (culprits.length > 0) return this.#request(typeUrl, type, { nonce, error: this.#temper.complain(culprits) });
    type.accept(response);
    return this.#request(typeUrl, type, { nonce });
  }

  #request(typeUrl: TypeUrl, type: Type, answer: { nonce: string; error?: string } = { nonce: "" }): DeltaRequest {
    let initialVersions = {};
    if (!type.begun) {
      type.begun = true;
      initialVersions = type.versions();
      const onlyWildcard = type.added.size === 0 && type.requested.size === 1 && type.requested.has("*");
      for (const name of type.requested.keys()) type.added.add(name);
      if (type.legacy || onlyWildcard) type.added.clear();
      type.removed.clear();
    }
    const request = { typeUrl, subscribe: [...type.added], unsubscribe: [...type.removed], initialVersions, ...answer };
    type.added.clear();
    type.removed.clear();
    return request;
  }
}
