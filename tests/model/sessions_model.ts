import fc from "fast-check";
import type { Fragment } from "../../core/cache/fragment.ts";
import { ROUTES_BY_VHDS } from "../../core/cache/names.ts";
import type { Resource } from "../../core/cache/resource.ts";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { CLUSTER, ENDPOINT, ROUTE, SCOPED_ROUTE, type TypeUrl, VIRTUAL_HOST } from "../../core/cache/resource_type.ts";
import { decodeMessage } from "../../core/proto/codec.ts";
import { buildFragment, SHARED } from "../transcript/sessions.ts";

/** What a session may be at one time; its hosts are its id and its aliases. */
export interface Plan {
  /** Its cluster is `<id>/<cluster>`. */
  readonly cluster: 1 | 2;
  /** What else is in the cluster; Envoys that are strict reject a bad one. */
  readonly v: "1" | "2" | "bad";
  readonly route: "" | "r" | "bad";
  readonly pod: "x" | "y";
  /** Whether its cluster uses the secret `<id>/s`. */
  readonly secret: boolean;
}

export type Edit =
  | { readonly kind: "put"; readonly id: string; readonly plan: Plan }
  | { readonly kind: "end"; readonly id: string }
  /** The alias passes to this session, or to nobody where there is no such session. */
  | { readonly kind: "alias"; readonly alias: string; readonly id: string };

export const IDS = ["a", "b", "c"] as const;
export const ALIASES = ["h", "i"] as const;

const plan: fc.Arbitrary<Plan> = fc.record({
  cluster: fc.constantFrom(1, 2),
  v: fc.constantFrom("1", "2", "bad"),
  route: fc.constantFrom("", "", "r", "bad"),
  pod: fc.constantFrom("x", "y"),
  secret: fc.boolean(),
});

/** What happens to sessions in one step of the cache. */
export const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("put" as const), id: fc.constantFrom(...IDS), plan }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("end" as const), id: fc.constantFrom(...IDS) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("alias" as const),
        alias: fc.constantFrom(...ALIASES),
        id: fc.constantFrom(...IDS),
      }),
    },
  ),
  { minLength: 1, maxLength: 3 },
);

/** The sessions that there are, whoever is told of them. */
export class Sessions {
  readonly #plans = new Map<string, Plan>();
  readonly #aliases = new Map<string, string>();

  apply(steps: readonly Edit[]): void {
    for (const step of steps) {
      if (step.kind === "put") this.#plans.set(step.id, step.plan);
      else if (step.kind === "alias") this.#aliases.set(step.alias, step.id);
      else {
        this.#plans.delete(step.id);
        for (const [alias, id] of this.#aliases) if (id === step.id) this.#aliases.delete(alias);
      }
    }
  }

  fragment(id: string): Fragment | undefined {
    const plan = this.#plans.get(id);
    if (!plan) return undefined;
    const { cluster, v, route, pod, secret } = plan;
    const aliases = [...this.#aliases].filter(([, owner]) => owner === id).map(([alias]) => alias).sort();
    return buildFragment({
      id,
      hosts: [id, ...aliases],
      cluster: `${id}/${cluster}`,
      v: secret ? `${v}+s` : v,
      route,
      pod,
      ...(secret ? { secret: `${id}/s` } : {}),
    });
  }
}

/** What one Signalbox knows of them: it may be behind. */
export class Replica {
  readonly cache = new ResourceCache(SHARED);
  readonly #has = new Map<string, Fragment>();

  /** Catches up, in one step of its cache. */
  follow(sessions: Sessions): void {
    const changes = IDS.flatMap((id) => {
      const fragment = sessions.fragment(id);
      if (JSON.stringify(fragment) === JSON.stringify(this.#has.get(id))) return [];
      if (fragment) this.#has.set(id, fragment);
      else this.#has.delete(id);
      return [{ id, fragment }];
    });
    this.cache.apply(this.cache.generation + 1, changes);
  }

  /** Whether the session's host of that name is there. */
  serves(host: string, id: string): boolean {
    return this.#has.get(id)?.virtualHosts.some(({ hosts }) => hosts.includes(host)) ?? false;
  }

  /** Another Signalbox that knows the same, and has no history. */
  twin(): Replica {
    const twin = new Replica();
    for (const [id, fragment] of this.#has) twin.#has.set(id, fragment);
    twin.cache.apply(1, [...this.#has].map(([id, fragment]) => ({ id, fragment })));
    return twin;
  }
}

/** What matters of a resource. */
interface Meaning {
  /** Whether a strict Envoy rejects it. */
  readonly bad: boolean;
  /** The routes in it. */
  readonly routes: readonly { readonly host: string; readonly cluster: string }[];
  /** The secret that it uses. */
  readonly secret?: string;
}

const meanings = new WeakMap<Resource, Meaning>();

export function meaningOf(typeUrl: TypeUrl, resource: Resource): Meaning {
  const known = meanings.get(resource) ?? read(typeUrl, resource);
  meanings.set(resource, known);
  return known;
}

function read(typeUrl: TypeUrl, { name, body }: Resource): Meaning {
  if (typeUrl === CLUSTER) {
    const { altStatName = "" } = decodeMessage("envoy.config.cluster.v3.Cluster", body);
    const secret = altStatName.endsWith("+s") ? { secret: `${sessionOf(name)}/s` } : {};
    return { bad: altStatName.startsWith("bad"), routes: [], ...secret };
  }
  const hosts = virtualHostsOf(typeUrl, body);
  const routes = hosts.flatMap(({ domains = [], routes = [] }) =>
    // A scope is found by its name.
    (typeUrl === SCOPED_ROUTE ? [name] : domains).flatMap((host) =>
      routes.map(({ route }) => ({ host, cluster: route?.cluster ?? "" }))
    )
  );
  return { bad: hosts.some(({ routes = [] }) => routes.some((route) => route.name === "bad")), routes };
}

function virtualHostsOf(typeUrl: TypeUrl, body: Uint8Array) {
  if (typeUrl === SCOPED_ROUTE) {
    return decodeMessage("envoy.config.route.v3.ScopedRouteConfiguration", body).routeConfiguration?.virtualHosts ?? [];
  }
  if (typeUrl === ROUTE) return decodeMessage("envoy.config.route.v3.RouteConfiguration", body).virtualHosts ?? [];
  if (typeUrl === VIRTUAL_HOST) return [decodeMessage("envoy.config.route.v3.VirtualHost", body)];
  return [];
}

/** Whose a cluster or secret is. */
export function sessionOf(name: string): string {
  return name.split("/")[0] ?? "";
}

/** Names that an Envoy may ask for, of the types of which it asks for single ones. */
export const NAMES: ReadonlyMap<TypeUrl, readonly string[]> = new Map([
  [CLUSTER, IDS.flatMap((id) => [`${id}/1`, `${id}/2`])],
  [ENDPOINT, IDS.flatMap((id) => [`${id}/1`, `${id}/2`])],
  [VIRTUAL_HOST, [...IDS, ...ALIASES].map((host) => `${ROUTES_BY_VHDS}/${host}`)],
]);
