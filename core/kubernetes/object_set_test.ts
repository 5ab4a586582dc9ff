import assert from "node:assert/strict";
import { ObjectSet } from "./object_set.ts";

/** An object that is its own value; one without `value` cannot be used. */
function object(uid: string, resourceVersion: string, value: string | undefined = uid) {
  return { metadata: { uid, resourceVersion }, value };
}

const parse = (object: unknown) => (object as { readonly value?: string }).value;
const added = (uid: string, version: string, value?: string) => ({
  type: "ADDED",
  object: object(uid, version, value),
});

Deno.test("ObjectSet.replace() tells what a list changed, and nothing of the rest", () => {
  const set = new ObjectSet(parse);
  assert.deepEqual([...set.replace([object("a", "1"), object("b", "2")], "5")], [["a", "a"], ["b", "b"]]);
  assert.equal(set.resourceVersion, "5");
  const changes = set.replace([object("b", "2"), object("c", "7"), object("d", "8")], "9");
  assert.deepEqual([...changes], [["c", "c"], ["d", "d"], ["a", undefined]]);
  assert.deepEqual([...set.replace([], "10").keys()], ["b", "c", "d"]);
});

Deno.test("ObjectSet.replace() takes an object that was made anew under its old name for another", () => {
  const set = new ObjectSet((object) => (object as { readonly name: string }).name);
  set.replace([{ metadata: { uid: "1", resourceVersion: "1" }, name: "pod-0" }], "1");
  const changes = set.replace([{ metadata: { uid: "2", resourceVersion: "9" }, name: "pod-0" }], "9");
  assert.deepEqual([...changes], [["2", "pod-0"], ["1", undefined]]);
});

Deno.test("ObjectSet.apply() takes events in order: of several about one object the last one counts", () => {
  const set = new ObjectSet(parse);
  set.replace([object("a", "1")], "1");
  const { changes, failure } = set.apply([
    { type: "MODIFIED", object: object("a", "2", "new") },
    added("b", "3"),
    { type: "DELETED", object: object("b", "4") },
    { type: "BOOKMARK", object: { metadata: { resourceVersion: "8" } } },
  ]);
  assert.equal(failure, undefined);
  assert.deepEqual([...changes], [["a", "new"], ["b", undefined]]);
  assert.equal(set.resourceVersion, "8");
  assert.deepEqual([...set.apply([{ type: "DELETED", object: object("b", "9") }]).changes], [], "it was gone before");
});

Deno.test("ObjectSet.apply() stops at an ERROR, and keeps what came before it", () => {
  const set = new ObjectSet(parse);
  set.replace([], "1");
  const { changes, failure } = set.apply([
    added("a", "2"),
    { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired", message: "too old" } },
    added("b", "3"),
  ]);
  assert.deepEqual([...changes.keys()], ["a"]);
  assert.deepEqual([failure?.status, failure?.reason, failure?.message], [410, "Expired", "too old"]);
  assert.equal(set.resourceVersion, "2");
});

Deno.test("ObjectSet leaves out an object that cannot be used, also when it could be before", () => {
  const set = new ObjectSet(parse);
  assert.deepEqual([...set.replace([{ metadata: { uid: "x", resourceVersion: "1" } }], "1")], []);
  set.apply([added("a", "2")]);
  const unusable = { metadata: { uid: "a", resourceVersion: "3" } };
  assert.deepEqual([...set.apply([{ type: "MODIFIED", object: unusable }]).changes], [["a", undefined]]);
  set.apply([added("a", "4")]);
  assert.deepEqual([...set.replace([{ metadata: { uid: "a", resourceVersion: "5" } }], "5")], [["a", undefined]]);
});
