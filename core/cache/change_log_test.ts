import assert from "node:assert/strict";
import fc from "fast-check";
import { type Change, ChangeLog } from "./change_log.ts";
import { createResource } from "./resource.ts";

const resource = (name: string, text = "") => createResource(name, new TextEncoder().encode(text));
const put = (generation: number, name: string): Change => ({
  generation,
  name,
  resource: resource(name, `${generation}`),
});
const namesSince = (log: ChangeLog, position: number, limit?: number) =>
  log.since(position, limit).map(({ name }) => name);

Deno.test("since() gives each name once, with its newest change", () => {
  const log = new ChangeLog({ head: 0 });
  const cursor = log.open();
  log.append(put(1, "a"));
  log.append(put(2, "b"));
  log.append({ generation: 3, name: "a", removed: resource("a") });
  assert.deepEqual(namesSince(log, 0), ["b", "a"]);
  assert.equal(log.since(0)[1]?.resource, undefined);
  assert.deepEqual(namesSince(log, 2), ["a"]);
  assert.deepEqual(namesSince(log, 3), []);
  log.close(cursor);
});

Deno.test("since() gives each name as it stood at the limit, whatever became of it", () => {
  const log = new ChangeLog({ head: 0 });
  log.append(put(1, "a"));
  log.append(put(2, "b"));
  log.append(put(3, "a"));
  log.append({ generation: 4, name: "b", removed: resource("b") });
  assert.deepEqual(log.since(0, 2), [put(1, "a"), put(2, "b")]);
  assert.deepEqual(log.since(1, 3), [put(2, "b"), put(3, "a")]);
});

Deno.test("since() gives readers in step the same array", () => {
  const log = new ChangeLog({ head: 0 });
  log.append(put(1, "a"));
  assert.equal(log.since(0), log.since(0));
});

Deno.test("advance() moves the head when a generation brought nothing", () => {
  const log = new ChangeLog({ head: 0 });
  log.append(put(1, "a"));
  log.advance(2);
  assert.equal(log.head, 2);
  assert.deepEqual(namesSince(log, 0), ["a"]);
  assert.deepEqual(namesSince(log, 1), []);
  assert.throws(() => log.advance(1), RangeError);
});

Deno.test("append() refuses a generation that falls", () => {
  const log = new ChangeLog({ head: 5 });
  assert.throws(() => log.append(put(4, "a")), RangeError);
});

Deno.test("append() keeps no more than the slowest cursor needs", () => {
  const log = new ChangeLog({ head: 0 });
  for (let generation = 1; generation <= 20_000; generation++) log.append(put(generation, `n${generation}`));
  assert.ok(log.size < 3_000, `${log.size} entries kept for nobody`);
});

Deno.test("append() loses a cursor that is further behind than the bound, and only that one", () => {
  const log = new ChangeLog({ head: 0, maxBacklog: 100 });
  const stopped = log.open();
  const reading = log.open();
  for (let generation = 1; generation <= 10_000; generation++) {
    log.append(put(generation, `n${generation}`));
    reading.position = generation;
  }
  assert.equal(stopped.lost, true);
  assert.equal(reading.lost, false);
  assert.ok(log.size < 3_000);
});

Deno.test("since() tells a cursor all that a model tells it, however the log is tidied", () => {
  const step = fc.record({ name: fc.integer({ min: 0, max: 5 }), gone: fc.boolean(), read: fc.boolean() });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const log = new ChangeLog({ head: 0 });
    const cursor = log.open();
    const model = new Map<string, string | undefined>();
    const seen = new Map<string, string | undefined>();
    for (const [index, { name, gone, read }] of steps.entries()) {
      const generation = index + 1;
      const change = gone ? { generation, name: `${name}`, removed: resource(`${name}`) } : put(generation, `${name}`);
      log.append(change);
      model.set(change.name, "resource" in change ? change.resource?.version : undefined);
      if (!read) continue;
      for (const { name, resource } of log.since(cursor.position)) seen.set(name, resource?.version);
      cursor.position = log.head;
      assert.deepEqual(seen, model);
    }
  }));
});
