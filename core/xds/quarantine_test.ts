import assert from "node:assert/strict";
import { createResource, type Resource } from "../cache/resource.ts";
import { Quarantine } from "./quarantine.ts";

const resource = (name: string, text = "", sessionId?: string): Resource =>
  createResource(name, new TextEncoder().encode(text), sessionId);

Deno.test("rejects() is true of the version that was rejected, and of no other", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("a", "1"), "no");
  assert.equal(quarantine.rejects(resource("a", "1")), true);
  assert.equal(quarantine.rejects(resource("a", "2")), false);
  assert.equal(quarantine.rejects(resource("b", "1")), false);
  assert.equal(quarantine.reasonAgainst(resource("a", "1")), "no");
  assert.equal(quarantine.reasonAgainst(resource("a", "2")), undefined);
  quarantine.release("a");
  assert.equal(quarantine.rejects(resource("a", "1")), false);
});

Deno.test("a name is rejected or waits, whichever came last", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("a", "1", "s"), "no");
  quarantine.hold(resource("a", "2", "s"));
  assert.equal(quarantine.rejects(resource("a", "1")), false);
  assert.deepEqual([...quarantine.waiting.keys()], ["a"]);
  quarantine.reject(resource("a", "2", "s"), "no");
  assert.equal(quarantine.waiting.size, 0);
  assert.equal(quarantine.size, 1);
  quarantine.release("a");
  assert.equal(quarantine.size, 0);
  assert.equal(quarantine.concerns("s"), false);
});

Deno.test("concerns() is true of a session until its last name is released", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("a", "", "s"), "no");
  quarantine.hold(resource("b", "", "s"));
  quarantine.release("a");
  assert.equal(quarantine.concerns("s"), true);
  assert.equal(quarantine.concerns("t"), false);
  quarantine.release("b");
  assert.equal(quarantine.concerns("s"), false);
});

Deno.test("concerns() is true of what nobody knows when anything is in quarantine that is a session's", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("listener"), "no");
  assert.equal(quarantine.concerns(undefined), false);
  assert.equal(quarantine.concerns("s"), false);
  quarantine.reject(resource("a", "", "s"), "no");
  assert.equal(quarantine.concerns(undefined), true);
});

Deno.test("concerns() is true of every session when what holds parts of all is in quarantine", () => {
  const quarantine = new Quarantine();
  quarantine.reject({ ...resource("routes"), aggregate: true }, "no");
  assert.equal(quarantine.concerns("s"), true);
  assert.equal(quarantine.concerns(undefined), true);
  quarantine.release("routes");
  assert.equal(quarantine.concerns("s"), false);
});

Deno.test("concerns() asks what was there in a generation, of what has gone since", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("a", "", "s"), "no");
  quarantine.leave("a", 7);
  quarantine.leave("no such name", 7);
  assert.equal(quarantine.concerns("s", 6), true);
  assert.equal(quarantine.concerns("s", 7), false);
  assert.equal(quarantine.concerns("s"), true);
  quarantine.leave("a", Infinity);
  assert.equal(quarantine.concerns("s", 7), true);
});

Deno.test("keep() forgets the others", () => {
  const quarantine = new Quarantine();
  quarantine.reject(resource("a", "", "s"), "no");
  quarantine.hold(resource("b", "", "t"));
  quarantine.keep((name) => name === "b");
  assert.equal(quarantine.has("a"), false);
  assert.equal(quarantine.has("b"), true);
  assert.equal(quarantine.concerns("s"), false);
});
