import assert from "node:assert/strict";
import fc from "fast-check";
import { ExpiryQueue } from "./expiry_queue.ts";

Deno.test("ExpiryQueue.takeDue() has each id once, the earliest first, when several have expired", () => {
  const queue = new ExpiryQueue();
  for (const [id, atMs] of [["a", 30], ["b", 10], ["c", 20], ["d", 31]] as const) queue.set(id, atMs);
  assert.equal(queue.nextAtMs(), 10);
  assert.deepEqual(queue.takeDue(9), []);
  assert.deepEqual(queue.takeDue(30), ["b", "c", "a"]);
  assert.deepEqual(queue.takeDue(30), []);
  assert.equal(queue.nextAtMs(), 31);
});

Deno.test("ExpiryQueue.set() takes the place of what was set before when it is later, earlier or none", () => {
  const queue = new ExpiryQueue();
  queue.set("a", 10);
  queue.set("a", 30);
  assert.equal(queue.nextAtMs(), 30);
  queue.set("a", 20);
  assert.equal(queue.nextAtMs(), 20);
  queue.set("a", undefined);
  assert.equal(queue.nextAtMs(), undefined);
  assert.deepEqual(queue.takeDue(100), []);
  queue.set("a", 40);
  assert.deepEqual(queue.takeDue(100), ["a"]);
});

Deno.test("ExpiryQueue.length stays small when a few sessions are renewed, or come and go, many times", () => {
  const queue = new ExpiryQueue();
  for (let i = 0; i < 20_000; i++) {
    queue.set("renewed", 1_000_000 + i);
    queue.set("earlier", 1_000_000 - i);
    queue.set(`passing-${i}`, 2_000_000);
    queue.set(`passing-${i}`, undefined);
  }
  assert(queue.length < 2_000, `${queue.length} entries for 2 sessions`);
  assert.deepEqual(queue.takeDue(3_000_000), ["earlier", "renewed"]);
});

Deno.test("ExpiryQueue.takeDue() does as a plain map does when anything is set in any order", () => {
  const step = fc.oneof(
    fc.record({ id: fc.constantFrom("a", "b", "c", "d"), atMs: fc.option(fc.nat(50), { nil: undefined }) }),
    fc.record({ nowMs: fc.nat(50) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const queue = new ExpiryQueue();
    const model = new Map<string, number>();
    for (const each of steps) {
      if ("nowMs" in each) {
        const due = [...model].filter(([, atMs]) => atMs <= each.nowMs).map(([id]) => id);
        assert.deepEqual([...queue.takeDue(each.nowMs)].sort(), due.sort());
        for (const id of due) model.delete(id);
      } else {
        queue.set(each.id, each.atMs);
        if (each.atMs === undefined) model.delete(each.id);
        else model.set(each.id, each.atMs);
      }
      assert.equal(queue.nextAtMs(), model.size === 0 ? undefined : Math.min(...model.values()));
    }
  }));
});
