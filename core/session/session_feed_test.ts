import assert from "node:assert/strict";
import { type ChangesSince, SessionFeed } from "./session_feed.ts";
import type { SessionRecord } from "./session.ts";

function was(id: string, labels: Readonly<Record<string, string>> = {}): { id: string; before: SessionRecord } {
  const session = { id, host: `${id}.example.org`, aliases: [], backends: [], labels, plugins: {} };
  return { id, before: { session, generation: 1 } };
}

const listed = (changes: ChangesSince | undefined) => changes && Array.from(changes);

Deno.test("SessionFeed.since() has what each session was at the generation asked for, once, when it changed several times", () => {
  const feed = new SessionFeed();
  feed.begin(4);
  feed.apply(5, [{ id: "new" }, was("a", { v: "1" })]);
  feed.apply(6, [was("a", { v: "2" }), was("new", { v: "1" })]);
  assert.deepEqual(listed(feed.since(4)), [["new", undefined], ["a", { v: "1" }]]);
  assert.deepEqual(listed(feed.since(5)), [["a", { v: "2" }], ["new", { v: "1" }]]);
  assert.deepEqual(listed(feed.since(6)), []);
  assert.equal(feed.head, 6);
});

Deno.test("SessionFeed.since() is undefined when the generation is from before the beginning or still to come", () => {
  const feed = new SessionFeed();
  feed.begin(4);
  assert.deepEqual(listed(feed.since(4)), []);
  assert.deepEqual([feed.since(3), feed.since(5)], [undefined, undefined]);
});

Deno.test("SessionFeed.apply() counts a generation that changed nothing, and refuses one that was there", () => {
  const feed = new SessionFeed();
  feed.begin(0);
  feed.apply(1, []);
  feed.apply(3, [{ id: "a" }]);
  assert.deepEqual(listed(feed.since(1)), [["a", undefined]]);
  assert.deepEqual(listed(feed.since(2)), [["a", undefined]]);
  for (const generation of [2, 3]) assert.throws(() => feed.apply(generation, []), RangeError);
  assert.equal(feed.head, 3);
});

Deno.test("SessionFeed.apply() keeps maxChanges at least and twice as many at most, and forgets whole generations", () => {
  const feed = new SessionFeed({ maxChanges: 10 });
  feed.begin(0);
  for (let generation = 1; generation <= 1_000; generation++) {
    feed.apply(generation, [{ id: `a-${generation}` }, { id: `b-${generation}` }, { id: `c-${generation}` }]);
    assert(feed.size <= 20, `${feed.size} are kept`);
    for (let back = 0; back <= 3 && back <= generation; back++) {
      assert.equal(feed.since(generation - back)?.size, 3 * back);
    }
    // What is remembered is remembered whole.
    for (let back = 4; back <= generation && back < 12; back++) {
      const changes = feed.since(generation - back);
      if (changes !== undefined) assert.equal(changes.size, 3 * back);
    }
  }
  assert.equal(feed.since(1_000 - 7), undefined);
});

Deno.test("SessionFeed.apply() forgets all but the last when one generation alone is more than is kept", () => {
  const feed = new SessionFeed({ maxChanges: 10 });
  feed.begin(0);
  feed.apply(1, Array.from({ length: 50 }, (_, i) => ({ id: `s-${i}` })));
  assert.equal(feed.since(0), undefined);
  assert.deepEqual(listed(feed.since(1)), []);
  feed.apply(2, [{ id: "a" }]);
  assert.deepEqual(listed(feed.since(1)), [["a", undefined]]);
});
