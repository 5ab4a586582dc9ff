import assert from "node:assert/strict";
import { type RegistrarBed, sampleSession, startBed } from "./testdata/registrar_bed.ts";
import { FakeTime } from "./testdata/fake_time.ts";
import { unavailable } from "./testdata/store_double.ts";

const HOUR_MS = 3_600_000;
const SHORT = sampleSession("short", { ttlMs: 1_000 });
const LONG = sampleSession("long", { ttlMs: 5_000 });
const STAYS = sampleSession("stays");

const idsOf = ({ table }: RegistrarBed) => Array.from(table.records(), ({ session }) => session.id);

Deno.test("Registrar removes each session when its time has come, and waits for the next", async () => {
  const bed = await startBed();
  for (const session of [LONG, SHORT, STAYS]) await bed.registrar.register(session);
  assert.deepEqual(bed.time.waitsMs, [1_000]);
  await bed.time.advance(999);
  assert.equal(bed.table.size, 3);
  await bed.time.advance(1);
  assert.deepEqual(idsOf(bed), ["long", "stays"]);
  assert.deepEqual(bed.published.at(-1), { generation: 4, changes: [{ id: "short", fragment: undefined }] });
  assert.deepEqual(bed.time.waitsMs, [4_000]);
  await bed.time.advance(4_000);
  assert.deepEqual([idsOf(bed), [...bed.served.keys()], bed.time.waitsMs], [["stays"], ["stays"], []]);
  assert.deepEqual((await bed.store.load()).records.map(({ session }) => session.id), ["stays"]);
});

Deno.test("Registrar removes sessions in one commit when they expire together", async () => {
  const bed = await startBed();
  await bed.registrar.submit(
    Array.from({ length: 100 }, (_, i) => ({ kind: "register", session: sampleSession(`s-${i}`, { ttlMs: 1_000 }) })),
  );
  await bed.time.advance(1_000);
  assert.deepEqual([bed.table.size, bed.store.commits.length, bed.registrar.generation], [0, 2, 2]);
});

Deno.test("Registrar keeps a session as long as it is renewed, publishing nothing", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  for (let i = 0; i < 5; i++) {
    await bed.time.advance(900);
    const outcome = await bed.registrar.register(SHORT);
    const record = { session: SHORT, generation: 1, expiresAtMs: bed.time.now() + 1_000 };
    assert.deepEqual(outcome, { status: "unchanged", record });
    assert.deepEqual((await bed.store.load()).records, [record]);
  }
  assert.deepEqual([bed.registrar.generation, bed.published.length], [1, 2]);
  await bed.time.advance(1_000);
  assert.equal(bed.table.size, 0);
});

Deno.test("Registrar sets its timer anew when a session gets an earlier end, a later one or none", async () => {
  const bed = await startBed();
  await bed.registrar.register(LONG);
  assert.deepEqual(bed.time.waitsMs, [5_000]);
  await bed.registrar.register({ ...LONG, ttlMs: 2_000 });
  assert.deepEqual(bed.time.waitsMs, [2_000]);
  await bed.registrar.register({ ...LONG, ttlMs: 3_000 });
  assert.deepEqual(bed.time.waitsMs, [3_000]);
  await bed.registrar.register(sampleSession("long"));
  assert.deepEqual(bed.time.waitsMs, []);
  await bed.registrar.register(LONG);
  await bed.registrar.deregister("long");
  assert.deepEqual(bed.time.waitsMs, []);
});

Deno.test("Registrar looks again after an hour when the end is far, so that a clock put forward is seen", async () => {
  const bed = await startBed();
  await bed.registrar.register(sampleSession("a", { ttlMs: 720 * HOUR_MS }));
  assert.deepEqual(bed.time.waitsMs, [HOUR_MS]);
  await bed.time.advance(HOUR_MS);
  assert.deepEqual([bed.time.waitsMs, bed.store.attempts], [[HOUR_MS], 1]);
  bed.time.jump(720 * HOUR_MS);
  await bed.time.advance(HOUR_MS);
  assert.deepEqual([bed.table.size, bed.time.waitsMs], [0, []]);
});

Deno.test("Registrar renews a session when the renewal comes with the commit that would end it", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  bed.time.jump(1_000);
  assert.equal((await bed.registrar.register(SHORT)).status, "unchanged");
  assert.deepEqual([idsOf(bed), bed.published.length], [["short"], 2]);
  assert.deepEqual(bed.time.waitsMs, [1_000]);
});

Deno.test("Registrar creates a session anew when the renewal comes after the commit that ends it was begun", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  bed.store.holds = true;
  await bed.time.advance(1_000);
  const renewal = bed.registrar.register(SHORT);
  bed.store.holds = false;
  bed.store.release();
  const outcome = await renewal;
  assert(outcome.status === "created" && outcome.record.generation === 3);
  assert.deepEqual(bed.published.slice(2), [
    { generation: 2, changes: [{ id: "short", fragment: undefined }] },
    { generation: 3, changes: [{ id: "short", fragment: SHORT }] },
  ]);
  assert.deepEqual(bed.time.waitsMs, [1_000]);
});

Deno.test("Registrar renews a session when the commit that would have ended it failed", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  bed.store.failure = unavailable();
  bed.store.holds = true;
  await bed.time.advance(1_000);
  const renewal = bed.registrar.register(SHORT);
  bed.store.release();
  await bed.time.settle();
  bed.store.failure = undefined;
  bed.store.release();
  assert.equal((await renewal).status, "unchanged");
  assert.deepEqual([[...bed.served.keys()], bed.registrar.generation], [["short"], 1]);
});

Deno.test("Registrar keeps what has expired and tries again each second when the store fails", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  bed.store.failure = unavailable();
  await bed.time.advance(1_000);
  assert.deepEqual([idsOf(bed), bed.registrar.generation, bed.time.waitsMs], [["short"], 1, [1_000]]);
  await bed.time.advance(10_000);
  assert.deepEqual([bed.store.attempts, bed.time.waitsMs], [12, [1_000]]);
  bed.store.failure = undefined;
  await bed.time.advance(1_000);
  assert.deepEqual([idsOf(bed), [...bed.served.keys()], bed.registrar.generation], [[], [], 2]);
  assert.deepEqual(bed.time.waitsMs, []);
  await bed.registrar.register({ ...SHORT, ttlMs: 10 });
  assert.deepEqual(bed.time.waitsMs, [10], "the failure is forgotten");
});

Deno.test("Registrar removes what could not be removed when the next commit of anybody succeeds", async () => {
  const bed = await startBed();
  await bed.registrar.register(SHORT);
  bed.store.failure = unavailable();
  await bed.time.advance(1_000);
  bed.store.failure = undefined;
  // Its host is free, too.
  await bed.registrar.register(sampleSession("next", { host: SHORT.host }));
  assert.deepEqual([idsOf(bed), [...bed.served.keys()]], [["next"], ["next"]]);
});

/** A store in which `short` has expired and `long` and `stays` live, a second and a half after they were registered. */
async function stoppedBed(): Promise<Pick<RegistrarBed, "store" | "time">> {
  const { registrar, store } = await startBed();
  await registrar.submit([SHORT, LONG, STAYS].map((session) => ({ kind: "register", session })));
  await registrar.close();
  return { store, time: new FakeTime(new FakeTime().now() + 1_500) };
}

Deno.test("Registrar.start() never serves what expired meanwhile, and removes it from the store", async () => {
  const bed = await startBed(await stoppedBed());
  assert.deepEqual(bed.published, [
    { generation: 1, changes: [{ id: "long", fragment: LONG }, { id: "stays", fragment: STAYS }] },
    { generation: 2, changes: [] },
  ]);
  assert.deepEqual((await bed.store.load()).records, [...bed.table.records()]);
  assert.deepEqual(bed.time.waitsMs, [3_500]);
});

Deno.test("Registrar.start() is done when the store fails, and the removal is tried again", async () => {
  const stopped = await stoppedBed();
  stopped.store.failure = unavailable();
  const bed = await startBed(stopped);
  assert.deepEqual([idsOf(bed), bed.registrar.generation, bed.time.waitsMs], [["long", "stays"], 1, [1_000]]);
  assert.equal((await bed.store.load()).records.length, 3);
  stopped.store.failure = undefined;
  await bed.time.advance(1_000);
  assert.deepEqual((await bed.store.load()).records, [...bed.table.records()]);
  assert.deepEqual([bed.registrar.generation, bed.time.waitsMs], [2, [2_500]]);
});

Deno.test("Registrar keeps a registration when its id or host is that of a session that expired before the start", async () => {
  for (const next of [SHORT, sampleSession("other", { host: SHORT.host })]) {
    const stopped = await stoppedBed();
    stopped.store.failure = unavailable();
    const bed = await startBed(stopped);
    const refused = await bed.registrar.deregister(SHORT.id).catch((error) => error);
    assert.equal(refused.code, "store_unavailable");
    stopped.store.failure = undefined;
    const outcome = await bed.registrar.register(next);
    assert(outcome.status === "created" && outcome.record.generation === 2);
    assert.deepEqual((await bed.store.load()).records, [...bed.table.records()]);
    assert.deepEqual(idsOf(bed).sort(), ["long", next.id, "stays"].sort());
    assert.deepEqual([...bed.served.keys()].sort(), idsOf(bed).sort());
    const again = await startBed({ store: bed.store, time: bed.time });
    assert.deepEqual([...again.table.records()], [...bed.table.records()]);
  }
});

Deno.test("Registrar removes from the store what came and went again when its id expired before the start", async () => {
  const stopped = await stoppedBed();
  stopped.store.failure = unavailable();
  const bed = await startBed(stopped);
  stopped.store.failure = undefined;
  await bed.registrar.submit([{ kind: "register", session: SHORT }, { kind: "deregister", id: SHORT.id }]);
  assert.deepEqual((await bed.store.load()).records, [...bed.table.records()]);
  assert.deepEqual(idsOf(bed), ["long", "stays"]);
});
