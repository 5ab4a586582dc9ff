import assert from "node:assert/strict";
import fc from "fast-check";
import { PendingRemovals, type Removal } from "./pending_removals.ts";

const nobody = () => false;
const removal = (generation: number, sessionId?: string): Removal => ({ since: generation, generation, sessionId });

Deno.test("due() gives what is no newer than the generation, and leaves it until it is deleted", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(1));
  pending.add("b", removal(2));
  assert.deepEqual(pending.due(0, nobody), []);
  assert.deepEqual(pending.due(1, nobody), ["a"]);
  assert.deepEqual(pending.due(2, nobody), ["a", "b"]);
  pending.delete("a");
  assert.deepEqual(pending.due(2, nobody), ["b"]);
  assert.equal(pending.size, 1);
});

Deno.test("earliest is that of the oldest, infinite when there is none", () => {
  const pending = new PendingRemovals();
  assert.equal(pending.earliest, Infinity);
  pending.add("a", removal(3));
  pending.add("b", removal(5));
  assert.equal(pending.earliest, 3);
  pending.delete("a");
  assert.equal(pending.earliest, 5);
});

Deno.test("add() of what is pending waits for the newer removal, and counts since the older", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(3));
  pending.add("b", removal(4));
  pending.add("a", removal(5));
  assert.equal(pending.earliest, 3);
  assert.deepEqual(pending.due(4, nobody), ["b"]);
  assert.deepEqual(pending.due(5, nobody), ["a", "b"]);
});

Deno.test("due() sets aside what waits for its session, and nobody else waits for that", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(1, "s"));
  pending.add("b", removal(2, "t"));
  assert.deepEqual(pending.due(2, (sessionId) => sessionId === "s"), ["b"]);
  assert.equal(pending.earliest, 2);
  assert.equal(pending.concerns("s"), true);
  assert.equal(pending.concerns(undefined), true);
  assert.deepEqual(pending.due(2, nobody), ["a", "b"]);
});

Deno.test("add() leaves aside what was set aside, though it waits for the newer removal", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(1));
  pending.due(1, () => true);
  pending.add("a", removal(5, "s"));
  assert.equal(pending.earliest, Infinity);
  assert.equal(pending.concerns(undefined), true);
  assert.deepEqual(pending.due(4, nobody), []);
  assert.deepEqual(pending.due(5, nobody), ["a"]);
});

Deno.test("what nobody knows may be anybody's when it is set aside", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(0));
  assert.equal(pending.concerns("s"), false);
  pending.due(0, () => true);
  assert.equal(pending.concerns("s"), true);
  pending.delete("a");
  assert.equal(pending.concerns("s"), false);
});

Deno.test("keep() forgets the others, set aside or not", () => {
  const pending = new PendingRemovals();
  pending.add("a", removal(1, "s"));
  pending.add("b", removal(1, "t"));
  pending.add("c", removal(1, "s"));
  pending.due(1, (sessionId) => sessionId === "t");
  pending.keep((name) => name === "c");
  assert.equal(pending.size, 1);
  assert.equal(pending.concerns("t"), false);
  assert.equal(pending.concerns("s"), true);
});

Deno.test("PendingRemovals does as a plain list does", () => {
  const name = fc.constantFrom("a", "b", "c");
  const session = fc.constantFrom(undefined, "s", "t");
  const step = fc.oneof(
    fc.record({ kind: fc.constant("add" as const), name, session, rise: fc.integer({ min: 0, max: 2 }) }),
    fc.record({ kind: fc.constant("delete" as const), name }),
    fc.record({ kind: fc.constant("due" as const), before: fc.integer({ min: 0, max: 3 }), stuck: session }),
  );
  fc.assert(fc.property(fc.array(step), (steps) => {
    const pending = new PendingRemovals();
    const model = new Map<string, Removal & { readonly aside: boolean }>();
    let now = 0;
    for (const step of steps) {
      if (step.kind === "add") {
        now += step.rise;
        const earlier = model.get(step.name);
        pending.add(step.name, removal(now, step.session));
        model.set(step.name, {
          since: earlier?.aside === false ? earlier.since : now,
          generation: now,
          sessionId: step.session,
          aside: earlier?.aside ?? false,
        });
      } else if (step.kind === "delete") {
        pending.delete(step.name);
        model.delete(step.name);
      } else {
        const generation = now - step.before;
        const waits = (sessionId: string | undefined) => sessionId !== undefined && sessionId === step.stuck;
        const due: string[] = [];
        for (const [name, entry] of model) {
          if (entry.generation > generation) continue;
          if (!waits(entry.sessionId)) due.push(name);
          else model.set(name, { ...entry, aside: true });
        }
        assert.deepEqual(pending.due(generation, waits).sort(), due.sort());
      }
      const waited = [...model.values()].filter(({ aside }) => !aside);
      assert.equal(pending.earliest, Math.min(Infinity, ...waited.map(({ since }) => since)));
      assert.equal(pending.size, model.size);
      for (const session of ["s", "t"]) {
        const concerns = [...model.values()].some(({ sessionId, aside }) =>
          sessionId === session || (sessionId === undefined && aside)
        );
        assert.equal(pending.concerns(session), concerns);
      }
    }
  }));
});
