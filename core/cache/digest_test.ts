import assert from "node:assert/strict";
import fc from "fast-check";
import { Digest } from "./digest.ts";

const version = fc.stringMatching(/^[0-9a-f]{24}$/);

Deno.test("Digest is the same in whatever order a set came about", () => {
  fc.assert(fc.property(fc.uniqueArray(version), fc.uniqueArray(version), (kept, passing) => {
    const direct = new Digest();
    for (const each of kept.toReversed()) direct.add(each);
    const roundabout = new Digest();
    for (const each of passing) roundabout.add(each);
    for (const each of kept) roundabout.add(each);
    for (const each of passing) roundabout.remove(each);
    assert.equal(roundabout.toString(), direct.toString());
  }));
});

Deno.test("Digest tells sets apart that differ in one member", () => {
  const digest = new Digest();
  const empty = digest.toString();
  digest.add("00000000000000000000000f");
  assert.notEqual(digest.toString(), empty);
});
