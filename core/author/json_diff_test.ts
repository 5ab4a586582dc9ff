import assert from "node:assert/strict";
import { diffJson } from "./json_diff.ts";

Deno.test("diffJson() shows lines that differ with those around them", () => {
  const value = { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7 };
  assert.deepEqual(diffJson(value, { ...value, e: "x" }), ["…", " c: 3", " d: 4", "-e: 5", "+e: x", " f: 6", " g: 7"]);
  assert.deepEqual(diffJson({ a: 1 }, { a: 1, b: [2] }), [" a: 1", "+b:", "+  - 2"]);
});

Deno.test("diffJson() shows what came and what went, and nothing of what is the same", () => {
  assert.deepEqual(diffJson(undefined, { a: 1 }), ["+a: 1"]);
  assert.deepEqual(diffJson({ a: 1 }, undefined), ["-a: 1"]);
  assert.deepEqual(diffJson({ a: [{ b: 1 }] }, { a: [{ b: 1 }] }), []);
});

Deno.test("diffJson() leaves a mark where lines are left out", () => {
  const lines = Array.from({ length: 30 }, (_, i) => i);
  const diff = diffJson(lines, lines.map((i) => i === 5 || i === 25 ? -i : i));
  assert.deepEqual(diff.filter((line) => !line.startsWith(" ")), ["…", "-- 5", "+- -5", "…", "-- 25", "+- -25"]);
});
