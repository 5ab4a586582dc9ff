import assert from "node:assert/strict";
import { CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE, SECRET, TYPE_URLS, type TypeUrl } from "../cache/resource_type.ts";
import { limitsOf, ORDER, type Ordered } from "./order.ts";

type Rule = typeof ORDER[number];

function ruleOf(typeUrl: TypeUrl): Rule {
  return ORDER.find((rule) => rule.typeUrl === typeUrl) ?? assert.fail();
}

function ordered(settled: number, cleared = settled, stuck: readonly (string | undefined)[] = []): Ordered {
  return {
    settled,
    cleared,
    unfinished: stuck.length,
    unsettled: (sessionId, generation) => generation >= 0 && stuck.includes(sessionId),
    uncleared: (sessionId) => stuck.includes(sessionId),
  };
}

function limits(typeUrl: TypeUrl, types: readonly (readonly [TypeUrl, Ordered])[], heard = true) {
  return limitsOf(ruleOf(typeUrl), {
    types: new Map(types.map(([typeUrl, backlog]) => [typeUrl, { backlog }])),
    heard,
  });
}

Deno.test("ORDER has every type once", () => {
  assert.deepEqual(ORDER.map(({ typeUrl }) => typeUrl).sort(), [...TYPE_URLS].sort());
});

Deno.test("ORDER lets no type wait for itself, by whatever way", () => {
  for (const column of ["upsertsAfter", "upsertsNeed", "removalsAfter"] as const) {
    const visit = (typeUrl: TypeUrl, path: readonly TypeUrl[]): void => {
      assert.ok(!path.includes(typeUrl), `${column}: ${[...path, typeUrl].join(" → ")}`);
      for (const next of ruleOf(typeUrl)[column]) visit(next, [...path, typeUrl]);
    };
    for (const typeUrl of TYPE_URLS) visit(typeUrl, []);
  }
});

Deno.test("ORDER has what waits for a type's acknowledgement in a later row, so that one pass goes far", () => {
  for (const [row, { upsertsAfter }] of ORDER.entries()) {
    for (const type of upsertsAfter) assert.ok(ORDER.indexOf(ruleOf(type)) < row);
  }
});

Deno.test("limitsOf() lets new things go as far as the slowest type before them", () => {
  assert.equal(limits(SCOPED_ROUTE, [[CLUSTER, ordered(5)], [ENDPOINT, ordered(3)]]).upserts, 3);
  assert.equal(limits(SCOPED_ROUTE, [[CLUSTER, ordered(-1)]]).upserts, -1);
  assert.equal(limits(SCOPED_ROUTE, []).upserts, Infinity);
  assert.equal(limits(CLUSTER, [[SCOPED_ROUTE, ordered(1)]]).upserts, Infinity);
});

Deno.test("limitsOf() lets removals go as far as those before them are through", () => {
  assert.equal(limits(CLUSTER, [[SCOPED_ROUTE, ordered(5, 2)], [LISTENER, ordered(4)]]).removals, 2);
  assert.equal(limits(SCOPED_ROUTE, [[CLUSTER, ordered(1)]]).removals, Infinity);
});

Deno.test("limitsOf() holds removals that wait for others until the client was heard", () => {
  assert.equal(limits(CLUSTER, [], false).removals, -1);
  assert.equal(limits(SCOPED_ROUTE, [], false).removals, Infinity);
});

Deno.test("limitsOf() holds a session's routes while something that they lead to is stuck", () => {
  const { upsertWaits } = limits(SCOPED_ROUTE, [[CLUSTER, ordered(5, 5, ["s"])]]);
  const resource = { name: "h", version: "1", body: new Uint8Array() };
  assert.equal(upsertWaits({ ...resource, sessionId: "s" }, 5), true);
  assert.equal(upsertWaits({ ...resource, sessionId: "s" }, -1), false);
  assert.equal(upsertWaits({ ...resource, sessionId: "t" }, 5), false);
  assert.equal(upsertWaits(resource, 5), false);
});

Deno.test("limitsOf() holds a session's removals while something is stuck that may lead to them", () => {
  const { removalWaits } = limits(SECRET, [[CLUSTER, ordered(5, 5, ["s", undefined])]]);
  assert.equal(removalWaits("s"), true);
  assert.equal(removalWaits("t"), false);
  assert.equal(removalWaits(undefined), true);
});
