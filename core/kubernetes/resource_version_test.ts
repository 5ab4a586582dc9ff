import assert from "node:assert/strict";
import { isAtLeast } from "./resource_version.ts";

Deno.test("isAtLeast() compares as numbers, of any length", () => {
  assert.ok(isAtLeast("10", "9"));
  assert.ok(isAtLeast("10", "10"));
  assert.ok(!isAtLeast("9", "10"));
  assert.ok(isAtLeast("9007199254740993", "9007199254740992"));
  assert.ok(!isAtLeast("9007199254740992", "9007199254740993"));
});
