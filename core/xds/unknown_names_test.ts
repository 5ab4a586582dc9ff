import assert from "node:assert/strict";
import { UnknownNames } from "./unknown_names.ts";

Deno.test("add() makes room by the name that was asked for least recently", () => {
  const names = new UnknownNames(2);
  assert.equal(names.add("a"), undefined);
  assert.equal(names.add("b"), undefined);
  assert.equal(names.add("a"), undefined);
  assert.equal(names.mayHaveForgotten("b"), false);
  assert.equal(names.add("c"), "b");
  assert.equal(names.size, 2);
  // Of what was let go a rough memory stays.
  assert.equal(names.mayHaveForgotten("b"), true);
  assert.equal(names.mayHaveForgotten("a"), false);
});

Deno.test("delete() makes room", () => {
  const names = new UnknownNames(1);
  names.delete("a");
  names.add("a");
  names.delete("a");
  assert.equal(names.add("b"), undefined);
  assert.equal(names.size, 1);
});

Deno.test("add() keeps nothing where nothing may be kept", () => {
  const names = new UnknownNames(0);
  assert.equal(names.add("a"), "a");
  assert.equal(names.size, 0);
});
