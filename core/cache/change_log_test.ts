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
  const log = new ChangeLog({ head: 0, maxBacklog: () => 100 });
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

Deno.test("since() tells readers all that a model tells them up to their limits, however the log is tidied", () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c", "d"),
    gone: fc.boolean(),
    reader: fc.constantFrom(0, 1),
    /** How many generations the reader does not want to know yet; more than there are to read: it reads nothing. */
    behind: fc.integer({ min: 0, max: 6 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, slack) => {
    const log = new ChangeLog({ head: 0, slack });
    const readers = [0, 1].map(() => ({ cursor: log.open(), seen: new Map<string, string>() }));
    /** As of each generation. */
    const models = [new Map<string, string>()];
    for (const [index, { name, gone, reader, behind }] of steps.entries()) {
      const generation = index + 1;
      log.append(gone ? { generation, name, removed: resource(name) } : put(generation, name));
      const model = new Map(models.at(-1));
      if (gone) model.delete(name);
      else model.set(name, resource(name, `${generation}`).version);
      models.push(model);
      const { cursor, seen } = readers[reader] ?? assert.fail();
      const limit = generation - behind;
      if (limit < cursor.position) continue;
      for (const { name, resource } of log.since(cursor.position, limit)) {
        if (resource) seen.set(name, resource.version);
        else seen.delete(name);
      }
      cursor.position = limit;
      assert.deepEqual(new Map([...seen].sort()), new Map([...models[limit] ?? []].sort()));
      assert.ok(log.lastChanged(name) === generation);
    }
  }));
});
