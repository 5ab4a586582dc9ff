import assert from "node:assert/strict";
import { SessionTally } from "./session_tally.ts";

Deno.test("has() is true of a session as long as something of it is left", () => {
  const tally = new SessionTally();
  tally.add("a");
  tally.add("a");
  tally.add("b");
  tally.delete("a");
  assert.equal(tally.has("a"), true);
  tally.delete("a");
  assert.equal(tally.has("a"), false);
  assert.equal(tally.has("b"), true);
});
