import assert from "node:assert/strict";
import type { Resource } from "../../core/cache/resource.ts";
import { CLUSTER, isTypeUrl, LISTENER, SCOPED_ROUTE, type TypeUrl } from "../../core/cache/resource_type.ts";
import type { SotwRequest, SotwResponse } from "../../core/xds/sotw_stream.ts";
import { Effect, type Envoy, type Temper } from "./envoy.ts";

/** Types of which an Envoy drops what a response does not hold. */
export const COMPLETE: ReadonlySet<string> = new Set([LISTENER, CLUSTER, SCOPED_ROUTE]);

/** One type: what is asked for, and what is in effect. */
interface Type {
  readonly names: Set<string>;
  /** True until a name is given. */
  legacy: boolean;
  /** Of what it accepted last; empty where it has dropped some of that and asked for it again, which no version can tell. */
  version: string;
  nonce: string;
  /** Whether it has said anything on this stream. */
  begun: boolean;
  readonly effect: Effect;
  /** As of the responses that it accepted. */
  readonly accepted: Map<string, Resource>;
}

/** An Envoy that speaks the state of the world. */
export class SotwEnvoy implements Envoy<SotwRequest, SotwResponse> {
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
    const type = this.#types.get(typeUrl);
    return type !== undefined && wants(type, name);
  }

  knows(typeUrl: TypeUrl, name: string): boolean {
    const type = this.#types.get(typeUrl);
    return type?.accepted.get(name) === type?.effect.resources.get(name);
  }

  names(typeUrl: TypeUrl): readonly string[] {
    const type = this.#types.get(typeUrl);
    return type ? [...type.legacy ? ["*"] : [], ...type.names] : [];
  }

  rejects(typeUrl: TypeUrl, resource: Resource): boolean {
    return this.#temper.rejects(typeUrl, resource);
  }

  connect(): readonly SotwRequest[] {
    return [...this.#types].flatMap(([typeUrl, type]) => {
      type.nonce = "";
      type.begun = false;
      // A stream that begins with no names would begin the legacy wildcard.
      return type.legacy || type.names.size > 0 ? [request(typeUrl, type)] : [];
    });
  }

  subscribe(typeUrl: TypeUrl, names: readonly string[]): readonly SotwRequest[] {
    const type = this.#types.get(typeUrl) ?? this.#begin(typeUrl, names.length === 0);
    this.#types.set(typeUrl, type);
    if (names.length > 0 && type.legacy) {
      type.legacy = false;
      type.names.add("*");
    }
    for (const name of names) {
      if (!type.names.has(name)) type.version = "";
      type.names.add(name);
    }
    return [request(typeUrl, type)];
  }

  unsubscribe(typeUrl: TypeUrl, names: readonly string[]): readonly SotwRequest[] {
    const type = this.#types.get(typeUrl);
    if (!type || type.legacy) return [];
    for (const name of names) type.names.delete(name);
    for (const name of type.effect.resources.keys()) if (!wants(type, name)) type.effect.drop(name);
    for (const name of type.accepted.keys()) if (!wants(type, name)) type.accepted.delete(name);
    return type.begun || type.names.size > 0 ? [request(typeUrl, type)] : [];
  }

  hear({ typeUrl, nonce, payload: { resources, version } }: SotwResponse): SotwRequest {
    assert.ok(isTypeUrl(typeUrl));
    const type = this.#types.get(typeUrl);
    assert.ok(type, `nobody asked for ${typeUrl}`);
    assert.equal(new Set(resources.map(({ name }) => name)).size, resources.length, "a name twice");
    type.nonce = nonce;
    const names = new Set(resources.map(({ name }) => name));
    const gone = COMPLETE.has(typeUrl) ? type.effect.names.difference(names) : [];
    const culprits = type.effect.take(resources.filter(({ name }) => wants(type, name)), gone);
    if (culprits.length === 0) {
      type.version = version;
      for (const name of gone) type.accepted.delete(name);
      for (const resource of resources) type.accepted.set(resource.name, resource);
    }
    return request(typeUrl, type, culprits.length === 0 ? {} : { error: this.#temper.complain(culprits) });
  }

  #begin(typeUrl: TypeUrl, legacy: boolean): Type {
    const effect = new Effect(typeUrl, this.#temper);
    return { names: new Set(), legacy, version: "", nonce: "", begun: false, effect, accepted: new Map() };
  }
}

function wants(type: Type, name: string): boolean {
  return type.legacy || type.names.has("*") || type.names.has(name);
}

function request(typeUrl: TypeUrl, type: Type, answer: { readonly error?: string } = {}): SotwRequest {
  type.begun = true;
  return { typeUrl, names: [...type.names], version: type.version, nonce: type.nonce, ...answer };
}
