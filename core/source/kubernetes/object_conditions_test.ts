import assert from "node:assert/strict";
import { type ConditionOf, sameConditions, toConditions } from "./object_conditions.ts";

const condition: ConditionOf = { type: "Live", status: "True", reason: "Live", message: "everywhere" };
const at = (nowMs: number, generation = 1) => ({ nowMs, generation });

Deno.test("toConditions() keeps since when a status is what it is", () => {
  const first = toConditions([condition], [], at(0));
  assert.deepEqual(first, [
    { ...condition, observedGeneration: 1, lastTransitionTime: "1970-01-01T00:00:00Z" },
  ]);
  const [later] = toConditions([{ ...condition, message: "still" }], first, at(5_000, 2));
  assert.equal(later?.lastTransitionTime, "1970-01-01T00:00:00Z");
  const [fallen] = toConditions([{ ...condition, status: "False" }], first, at(5_000));
  assert.equal(fallen?.lastTransitionTime, "1970-01-01T00:00:05Z");
});

Deno.test("sameConditions() asks for what they say, and of which generation, not for the time", () => {
  const first = toConditions([condition], [], at(0));
  assert.ok(sameConditions(first, toConditions([condition], [], at(9_000))));
  assert.ok(!sameConditions(first, toConditions([condition], [], at(0, 2))));
  assert.ok(!sameConditions(first, toConditions([{ ...condition, message: "" }], [], at(0))));
  assert.ok(!sameConditions(first, []));
});
