import assert from "node:assert/strict";
import fc from "fast-check";
import { SessionFeed } from "./session_feed.ts";
import type { SessionRecord } from "./session.ts";
import { SessionTable } from "./session_table.ts";
import { SessionWatch, type WatchStep } from "./session_watch.ts";

type Labels = Readonly<Record<string, string>>;

/** A table and its feed, changed as the registrar changes them. */
class Bed {
  readonly table = new SessionTable();
  readonly feed: SessionFeed;
  #generation = 0;

  constructor(maxChanges?: number) {
    this.feed = new SessionFeed(maxChanges === undefined ? {} : { maxChanges });
    this.feed.begin(0);
  }

  /** One generation: each id gets these labels, or goes. */
  change(changes: Readonly<Record<string, Labels | undefined>>): void {
    const generation = ++this.#generation;
    const draft = this.table.draft();
    const before = Object.keys(changes).map((id) => ({ id, record: this.table.get(id) }));
    for (const [id, labels] of Object.entries(changes)) {
      if (labels === undefined) draft.delete(id);
      else draft.put({ session: session(id, labels), generation });
    }
    this.table.apply(draft);
    this.feed.apply(generation, before.map(({ id, record }) => ({ id, ...record && { before: record } })));
  }

  watch(
    options: { readonly labels?: Labels; readonly after?: number; readonly maxSessions?: number } = {},
  ): SessionWatch {
    return new SessionWatch({ table: this.table, feed: this.feed, labels: {}, maxSessions: 100, ...options });
  }

  matching(labels: Labels): Map<string, SessionRecord> {
    const { records } = this.table.list({ limit: 1_000, labels });
    return new Map(records.map((record) => [record.session.id, record]));
  }
}

function session(id: string, labels: Labels) {
  return { id, host: `${id}.example.org`, aliases: [], backends: [], labels, plugins: {} };
}

function ids(step: WatchStep | undefined) {
  return step && { ...step, changed: step.changed.map(({ session }) => session.id) };
}

/** What a caller makes of the steps. */
class Follower {
  known = new Map<string, SessionRecord>();
  generation: number | undefined;
  /** Removals of what was not known. */
  strayRemovals = 0;

  take({ reset, removed, changed, generation }: WatchStep): void {
    if (reset) this.known = new Map();
    for (const id of removed) if (!this.known.delete(id)) this.strayRemovals++;
    for (const record of changed) this.known.set(record.session.id, record);
    this.generation = generation;
  }
}

Deno.test("SessionWatch.next() has a snapshot first, then changes, and nothing in between", () => {
  const bed = new Bed();
  bed.change({ a: {}, b: {} });
  const watch = bed.watch();
  assert.deepEqual(ids(watch.next()), { reset: true, changed: ["a", "b"], removed: [], generation: 1 });
  assert.equal(watch.next(), undefined);
  bed.change({ a: undefined, c: {} });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["c"], removed: ["a"], generation: 2 });
  assert.equal(watch.next(), undefined);
});

Deno.test("SessionWatch.next() is there at once when there are no sessions, and when there is nothing new", () => {
  const bed = new Bed();
  assert.deepEqual(bed.watch().next(), { reset: true, changed: [], removed: [], generation: 0 });
  bed.change({ a: {} });
  const watch = bed.watch({ after: 1 });
  assert.deepEqual(watch.next(), { reset: false, changed: [], removed: [], generation: 1 });
  assert.equal(watch.next(), undefined);
});

Deno.test("SessionWatch.next() merges what happened since the last step", () => {
  const bed = new Bed();
  bed.change({ a: {}, b: {} });
  const watch = bed.watch({ after: 1 });
  bed.change({ a: { v: "1" }, came: {} });
  bed.change({ a: { v: "2" }, b: undefined });
  bed.change({ b: { v: "3" }, came: undefined });
  const step = watch.next();
  assert.deepEqual(ids(step), { reset: false, changed: ["a", "b"], removed: [], generation: 4 });
  assert.deepEqual(step?.changed.map(({ session }) => session.labels), [{ v: "2" }, { v: "3" }]);
});

Deno.test("SessionWatch.next() goes on where a watcher was, and begins anew when that is forgotten or never was", () => {
  const bed = new Bed(2);
  for (const id of ["a", "b", "c", "d", "e"]) bed.change({ [id]: {} });
  assert.deepEqual(ids(bed.watch({ after: 4 }).next()), { reset: false, changed: ["e"], removed: [], generation: 5 });
  for (const after of [1, 6]) {
    const { reset, changed, generation } = bed.watch({ after }).next() ?? {};
    assert.deepEqual([reset, changed?.length, generation], [true, 5, 5]);
  }
});

Deno.test("SessionWatch.next() begins anew when the watcher falls behind what is remembered", () => {
  const bed = new Bed(2);
  const watch = bed.watch();
  watch.next();
  for (const id of ["a", "b", "c", "d", "e"]) bed.change({ [id]: {} });
  assert.deepEqual(ids(watch.next()), {
    reset: true,
    changed: ["a", "b", "c", "d", "e"],
    removed: [],
    generation: 5,
  });
});

Deno.test("SessionWatch.next() tells of a session as long as it has the labels", () => {
  const bed = new Bed();
  bed.change({ mine: { team: "x" }, other: { team: "y" } });
  const watch = bed.watch({ labels: { team: "x" } });
  assert.deepEqual(ids(watch.next()), { reset: true, changed: ["mine"], removed: [], generation: 1 });
  bed.change({ other: { team: "z" }, third: {} });
  bed.change({ third: undefined });
  assert.equal(watch.next(), undefined, "others' changes are no news");
  bed.change({ mine: { team: "y" }, other: { team: "x" } });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["other"], removed: ["mine"], generation: 4 });
});

Deno.test("SessionWatch.next() makes steps of maxSessions, the generation with the last alone", () => {
  const bed = new Bed();
  bed.change({ a: {}, b: {}, c: {}, d: {}, e: {} });
  const watch = bed.watch({ maxSessions: 2 });
  assert.deepEqual(ids(watch.next()), { reset: true, changed: ["a", "b"], removed: [] });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["c", "d"], removed: [] });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["e"], removed: [], generation: 1 });
  bed.change({ a: undefined, b: undefined, c: { v: "1" } });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: [], removed: ["a", "b"] });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["c"], removed: [], generation: 2 });
});

Deno.test("SessionWatch.next() tells of what came and went while a snapshot was told", () => {
  const bed = new Bed();
  bed.change({ a: {}, b: {}, c: {} });
  const watch = bed.watch({ maxSessions: 2 });
  watch.next();
  bed.change({ d: {}, a: undefined });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: ["c", "d"], removed: [] });
  bed.change({ d: undefined });
  assert.deepEqual(ids(watch.next()), { reset: false, changed: [], removed: ["d", "a"], generation: 3 });
});

Deno.test("SessionWatch.next() leaves a watcher with what the table has, however it is read", () => {
  const labels = fc.option(fc.constantFrom<Labels>({}, { t: "x" }, { t: "y" }, { t: "x", u: "1" }), { nil: undefined });
  const change = fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e", "f"), labels, { noNullPrototype: true });
  const action = fc.oneof(
    { weight: 3, arbitrary: change.map((changes) => ({ kind: "change" as const, changes })) },
    { weight: 2, arbitrary: fc.constant({ kind: "read" as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: "reconnect" as const }) },
  );
  const options = fc.record({
    wanted: fc.constantFrom<Labels>({}, { t: "x" }),
    maxSessions: fc.integer({ min: 1, max: 4 }),
    maxChanges: fc.integer({ min: 1, max: 12 }),
  });
  fc.assert(
    fc.property(options, fc.array(action, { maxLength: 40 }), ({ wanted, maxSessions, maxChanges }, actions) => {
      const bed = new Bed(maxChanges);
      const follower = new Follower();
      let watch = bed.watch({ labels: wanted, maxSessions });
      const read = () => {
        const step = watch.next();
        if (step === undefined) return false;
        assert(step.changed.length + step.removed.length <= maxSessions);
        follower.take(step);
        if (step.generation === undefined) return true;
        assert.equal(step.generation, bed.feed.head);
        assert.deepEqual(follower.known, bed.matching(wanted));
        return true;
      };
      for (const action of actions) {
        if (action.kind === "change") bed.change(action.changes);
        else if (action.kind === "read") read();
        else {
          const after = follower.generation;
          watch = bed.watch({ labels: wanted, maxSessions, ...after === undefined ? {} : { after } });
        }
      }
      while (read());
      assert.deepEqual(follower.known, bed.matching(wanted));
      assert.notEqual(follower.generation, undefined, "the watcher waits for the rest of a step");
    }),
    { numRuns: 500 },
  );
});

Deno.test("SessionWatch.next() removes nothing that the watcher does not know when each step is taken whole", () => {
  const bed = new Bed();
  const follower = new Follower();
  const watch = bed.watch({ labels: { t: "x" } });
  for (
    const change of [{ a: { t: "x" }, b: {} }, { b: { t: "x" }, c: {} }, { a: {}, c: undefined }, { b: undefined }]
  ) {
    bed.change(change);
    const step = watch.next();
    if (step !== undefined) follower.take(step);
  }
  assert.deepEqual([follower.known.size, follower.strayRemovals], [0, 0]);
});
