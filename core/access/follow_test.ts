import assert from "node:assert/strict";
import type { Issue } from "../signalbox_error.ts";
import { FakeTime } from "../source/testdata/fake_time.ts";
import { follow, FOLLOW_INTERVAL_MS, type Reading } from "./follow.ts";

const good = (text: string): Reading<{ readonly text: string }> => ({ ok: true, value: { text } });
const bad = (message: string): Reading<never> => ({ ok: false, issues: [{ path: "file", message }] });

async function start(first: Reading<{ readonly text: string }>) {
  const time = new FakeTime();
  const file = { now: first };
  const seen: string[] = [];
  const failed: (readonly Issue[])[] = [];
  const followed = await follow({
    read: () => Promise.resolve(file.now),
    timers: time,
    failed: (issues) => failed.push(issues),
  });
  const unsubscribe = followed.subscribe(({ text }) => seen.push(text));
  async function put(reading: Reading<{ readonly text: string }>): Promise<void> {
    file.now = reading;
    await time.advance(FOLLOW_INTERVAL_MS);
  }
  return { time, followed, seen, failed, unsubscribe, put };
}

Deno.test("follow() tells of every other value, and of the same none", async () => {
  const { followed, seen, unsubscribe, put } = await start(good("a"));
  assert.equal(followed.current.text, "a");
  for (const text of ["a", "b", "b", "a"]) await put(good(text));
  assert.deepEqual(seen, ["b", "a"]);
  unsubscribe();
  await put(good("c"));
  assert.deepEqual(seen, ["b", "a"]);
  assert.equal(followed.current.text, "c");
});

Deno.test("follow() keeps what it had while there is nothing that can be used, and complains once", async () => {
  const { followed, seen, failed, put } = await start(good("a"));
  for (const message of ["half", "half", "gone"]) await put(bad(message));
  assert.equal(followed.current.text, "a");
  assert.deepEqual(failed.flat().map(({ message }) => message), ["half", "gone"]);
  await put(good("b"));
  await put(bad("gone"));
  assert.deepEqual(seen, ["b"]);
  assert.deepEqual(failed.flat().map(({ message }) => message), ["half", "gone", "gone"]);
});

Deno.test("follow() throws every issue where the first value cannot be used", async () => {
  await assert.rejects(start(bad("missing")), {
    code: "invalid_config",
    issues: [{ path: "file", message: "missing" }],
  });
});

Deno.test("follow() reads no more when it is closed", async () => {
  const { time, followed, seen, put } = await start(good("a"));
  await followed.close();
  await put(good("b"));
  assert.deepEqual(seen, []);
  assert.deepEqual(time.waitsMs, []);
});

Deno.test("close() waits for a reading under way, and tells nobody of it", async () => {
  const time = new FakeTime();
  const readings = [Promise.resolve(good("a"))];
  const late = Promise.withResolvers<Reading<{ readonly text: string }>>();
  const followed = await follow({ read: () => readings.pop() ?? late.promise, timers: time, failed: () => {} });
  const seen: string[] = [];
  followed.subscribe(({ text }) => seen.push(text));
  await time.advance(FOLLOW_INTERVAL_MS);
  let isClosed = false;
  const closed = followed.close().then(() => isClosed = true);
  await Promise.resolve();
  assert.equal(isClosed, false);
  late.resolve(good("b"));
  await closed;
  assert.deepEqual(seen, []);
});
