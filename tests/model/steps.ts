import fc from "fast-check";
import {
  CLUSTER,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../../core/cache/resource_type.ts";
import type { Conversation, Said } from "./conversation.ts";
import { type Edit, edits, NAMES } from "./sessions_model.ts";

/** One thing that happens. Messages wait on their wires until they are read. */
export type Step =
  | { readonly kind: "edit"; readonly edits: readonly Edit[]; readonly heard: boolean }
  | { readonly kind: "readRequests" | "readResponses"; readonly count: number }
  | { readonly kind: "subscribe" | "unsubscribe"; readonly typeUrl: TypeUrl; readonly names: readonly string[] }
  | { readonly kind: "reconnect"; readonly to: "same" | "twin" | "behind" }
  | { readonly kind: "rest" };

const count = fc.constantFrom(1, 1, 1, 2, 100);
const kindOf = <K extends string>(...kinds: K[]) => fc.constantFrom(...kinds);

/** Types of which single names are asked for, and forms of the routes; virtual hosts alone can be had by delta only. */
interface Types {
  readonly virtualHosts: boolean;
}

function interest({ virtualHosts }: Types): fc.Arbitrary<Step> {
  const types = [...NAMES].filter(([typeUrl]) => virtualHosts || typeUrl !== VIRTUAL_HOST);
  return fc.constantFrom(...types).chain(([typeUrl, all]) => {
    // That routes lead somewhere is promised to who has all clusters all the time.
    const names = typeUrl === CLUSTER ? all : [...all, "*"];
    return fc.record({
      kind: kindOf("subscribe", "subscribe", "unsubscribe"),
      typeUrl: fc.constant(typeUrl),
      names: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 }),
    });
  });
}

const scopes: fc.Arbitrary<Step> = fc.record({
  kind: kindOf("subscribe", "unsubscribe"),
  typeUrl: fc.constant(SCOPED_ROUTE),
  names: fc.constant(["*"]),
});

export function stepsOf(types: Types): fc.Arbitrary<readonly Step[]> {
  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: kindOf("edit"), edits, heard: fc.constantFrom(true, true, true, false) }),
    },
    { weight: 8, arbitrary: fc.record({ kind: kindOf("readRequests", "readResponses"), count }) },
    { weight: 3, arbitrary: interest(types) },
    { weight: 1, arbitrary: scopes },
    { weight: 1, arbitrary: fc.record({ kind: kindOf("reconnect"), to: fc.constantFrom("same", "twin", "behind") }) },
    { weight: 1, arbitrary: fc.record({ kind: kindOf("rest") }) },
  );
  return fc.array(step, { maxLength: 60, size: "max" });
}

type Beginning = readonly (readonly [typeUrl: TypeUrl, names: readonly string[]])[];

/** What an Envoy asks for to begin with, in its order. */
export function beginningOf({ virtualHosts }: Types): fc.Arbitrary<Beginning> {
  const routes: TypeUrl[] = [SCOPED_ROUTE, ROUTE];
  return fc.record({
    listeners: fc.boolean(),
    secrets: fc.boolean(),
    legacy: fc.boolean(),
    routes: fc.subarray<TypeUrl>(virtualHosts ? [...routes, VIRTUAL_HOST] : routes, { minLength: 1 }),
  }).map(({ listeners, secrets, legacy, routes }): Beginning => {
    const all = legacy ? [] : ["*"];
    return [
      ...(secrets ? [[SECRET, ["none/s"]] as const] : []),
      [CLUSTER, all] as const,
      ...(listeners ? [[LISTENER, all] as const] : []),
      ...routes.map((type) => [type, type === ROUTE ? ["sessions"] : all] as const),
    ];
  });
}

export const temper = fc.record({ strict: fc.boolean(), partial: fc.boolean(), names: fc.boolean() });

export function take<Q extends Said, A extends Said>(conversation: Conversation<Q, A>, step: Step): void {
  switch (step.kind) {
    case "edit":
      return conversation.edit(step.edits, step);
    case "readRequests":
      for (let i = 0; i < step.count && conversation.readRequest(); i++);
      return;
    case "readResponses":
      for (let i = 0; i < step.count && conversation.readResponse(); i++);
      return;
    case "subscribe":
      return conversation.subscribe(step.typeUrl, step.names);
    case "unsubscribe":
      return conversation.unsubscribe(step.typeUrl, step.names);
    case "reconnect":
      return conversation.reconnect(step.to);
    case "rest":
      return conversation.rest();
  }
}
