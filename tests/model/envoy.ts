import type { Resource } from "../../core/cache/resource.ts";
import { SCOPED_ROUTE, type TypeUrl } from "../../core/cache/resource_type.ts";
import { meaningOf } from "./sessions_model.ts";

/** An Envoy in either protocol. It says nothing of its own accord: what it would say is returned. */
export interface Envoy<Request, Response> {
  readonly types: Iterable<TypeUrl>;
  /** What is in effect. */
  applied(typeUrl: TypeUrl): ReadonlyMap<string, Resource>;
  wants(typeUrl: TypeUrl, name: string): boolean;
  rejects(typeUrl: TypeUrl, resource: Resource): boolean;
  /** Whether it knows in which version it has this: it does not where that came in a response which it rejected. */
  knows(typeUrl: TypeUrl, name: string): boolean;
  /** What it asks for by name, "*" too. */
  names(typeUrl: TypeUrl): readonly string[];
  /** Begins a stream. */
  connect(): readonly Request[];
  /** Without names a type's first request is the legacy wildcard. */
  subscribe(typeUrl: TypeUrl, names: readonly string[]): readonly Request[];
  unsubscribe(typeUrl: TypeUrl, names: readonly string[]): readonly Request[];
  /** Accepts or rejects. */
  hear(response: Response): Request;
}

/** What an Envoy rejects, and how. */
export class Temper {
  /** Applies what it does not reject of a response that it rejects, as Envoy does with clusters. */
  readonly partial: boolean;
  readonly #strict: boolean;
  readonly #names: boolean;

  constructor(options: { readonly strict: boolean; readonly partial: boolean; readonly names: boolean }) {
    this.partial = options.partial;
    this.#strict = options.strict;
    this.#names = options.names;
  }

  rejects(typeUrl: TypeUrl, resource: Resource): boolean {
    return this.#strict && meaningOf(typeUrl, resource).bad;
  }

  complain(culprits: readonly Resource[]): string {
    if (!this.#names) return "no";
    return `Error adding/updating cluster(s) ${culprits.map(({ name }) => `${name}: no`).join(", ")}`;
  }
}

/** What is in effect of one type. */
export class Effect {
  readonly resources = new Map<string, Resource>();
  readonly #typeUrl: TypeUrl;
  readonly #temper: Temper;
  /** Scopes that Envoy has seen; not all are in effect, and what it has seen it takes for no change. */
  readonly #seen = new Map<string, Uint8Array>();

  constructor(typeUrl: TypeUrl, temper: Temper) {
    this.#typeUrl = typeUrl;
    this.#temper = temper;
  }

  /** Of everything that it would drop if a complete response did not hold it. */
  get names(): ReadonlySet<string> {
    return new Set([...this.resources.keys(), ...this.#seen.keys()]);
  }

  drop(name: string): void {
    this.resources.delete(name);
    this.#seen.delete(name);
  }

  /** Takes a response in. Returns what is wrong with it. */
  take(resources: readonly Resource[], removed: Iterable<string>): readonly Resource[] {
    const culprits = resources.filter((resource) => this.#temper.rejects(this.#typeUrl, resource));
    const isScopes = this.#typeUrl === SCOPED_ROUTE;
    if (culprits.length > 0 && !isScopes && !this.#temper.partial) return culprits;
    for (const name of removed) this.drop(name);
    if (isScopes) this.#takeScopes(resources, culprits);
    else {for (const resource of resources) {
        if (!culprits.includes(resource)) this.resources.set(resource.name, resource);
      }}
    return culprits;
  }

  /** As Envoy does: it stops at the first culprit, and before that it has put nothing to use. */
  #takeScopes(scopes: readonly Resource[], culprits: readonly Resource[]): void {
    const changed: Resource[] = [];
    for (const scope of scopes) {
      if (isSame(this.#seen.get(scope.name), scope.body)) continue;
      if (culprits.includes(scope)) return;
      this.#seen.set(scope.name, scope.body);
      changed.push(scope);
    }
    for (const scope of changed) this.resources.set(scope.name, scope);
  }
}

function isSame(these: Uint8Array | undefined, those: Uint8Array): boolean {
  return these?.length === those.length && these.every((byte, index) => byte === those[index]);
}
