import assert from "node:assert/strict";
import { SessionTable } from "../session/session_table.ts";
import type { Operation, Outcome } from "./operation.ts";
import { createRegistrar } from "./registrar.ts";
import { buildSample, type RegistrarBed, sampleSession, startBed } from "./testdata/registrar_bed.ts";
import { FakeTime } from "./testdata/fake_time.ts";
import { StoreDouble, unavailable } from "./testdata/store_double.ts";

const A = sampleSession("a");
const B = sampleSession("b");
const register = (id: string): Operation => ({ kind: "register", session: sampleSession(id) });
const statuses = (outcomes: readonly Outcome[]) => outcomes.map(({ status }) => status);
const idsOf = ({ table }: RegistrarBed) => Array.from(table.records(), ({ session }) => session.id);

/** How a promise stands after all that can go on without time passing. */
async function stateOf(promise: Promise<unknown>, time: FakeTime): Promise<"pending" | "done" | "failed"> {
  let state: "pending" | "done" | "failed" = "pending";
  promise.then(() => state = "done", () => state = "failed");
  await time.settle();
  return state;
}

Deno.test("Registrar.register() answers when the session is stored, in the table and published, in that order", async () => {
  const bed = await startBed();
  bed.store.holds = true;
  const answer = bed.registrar.register(A);
  assert.equal(await stateOf(answer, bed.time), "pending");
  assert.deepEqual([bed.table.size, bed.published.length, bed.registrar.generation], [0, 1, 0]);
  bed.store.release();
  const record = { session: A, generation: 1 };
  assert.deepEqual(await answer, { status: "created", record });
  assert.deepEqual(bed.table.get("a"), record);
  assert.deepEqual(bed.published.at(-1), { generation: 1, changes: [{ id: "a", fragment: A }] });
  assert.deepEqual(await bed.store.load(), { generation: 1, records: [record] });
  assert.equal(bed.registrar.generation, 1);
});

Deno.test("Registrar.register() goes on when each call follows the answer to the one before", async () => {
  const { registrar, store } = await startBed();
  for (const id of ["a", "b", "c"]) assert.equal((await registrar.register(sampleSession(id))).status, "created");
  assert.equal((await registrar.deregister("b")).status, "deleted");
  assert.equal(store.commits.length, 4);
});

Deno.test("Registrar.submit() is never left waiting when it comes in any microtask around the end of a commit", async () => {
  for (let ticks = 0; ticks < 12; ticks++) {
    const { registrar } = await startBed();
    await registrar.submit([register("a")]);
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    const { generation } = await registrar.submit([register("b")]);
    assert.equal(generation, 2);
  }
});

Deno.test("Registrar.register() shares commits when many come at once and while a commit is under way", async () => {
  const bed = await startBed();
  const many = (from: number) =>
    Array.from({ length: 500 }, (_, i) => bed.registrar.register(sampleSession(`s-${from + i}`)));
  bed.store.holds = true;
  const first = many(0);
  await bed.time.settle();
  const second = many(500);
  await bed.time.settle();
  assert.equal(bed.store.attempts, 1);
  bed.store.holds = false;
  bed.store.release();
  const outcomes = await Promise.all([...first, ...second]);
  assert(outcomes.every(({ status }) => status === "created"));
  assert.deepEqual(bed.store.commits.map(({ changes }) => changes.length), [500, 500]);
  assert.deepEqual(bed.published.map(({ generation }) => generation), [0, 1, 2]);
  assert.equal(bed.served.size, 1_000);
});

Deno.test("Registrar.submit() has one outcome for each operation and one generation for all", async () => {
  const bed = await startBed();
  const [first, second, none] = await Promise.all([
    bed.registrar.submit([register("a"), { kind: "deregister", id: "gone" }, register("b")]),
    bed.registrar.submit([register("a"), { kind: "deregister", id: "b" }]),
    bed.registrar.submit([]),
  ]);
  assert.deepEqual([first.generation, second.generation, none.generation], [1, 1, 1]);
  assert.deepEqual(statuses(first.outcomes), ["created", "refused", "created"]);
  assert.deepEqual(statuses(second.outcomes), ["unchanged", "deleted"]);
  assert.deepEqual(none.outcomes, []);
  assert.deepEqual(idsOf(bed), ["a"]);
  assert.deepEqual(bed.published.at(-1)?.changes, [{ id: "a", fragment: A }]);
});

Deno.test("Registrar.submit() neither writes nor publishes when nothing changes", async () => {
  const bed = await startBed();
  await bed.registrar.register(A);
  const { generation, outcomes } = await bed.registrar.submit([register("a"), { kind: "deregister", id: "b" }]);
  assert.deepEqual([generation, statuses(outcomes)], [1, ["unchanged", "refused"]]);
  assert.deepEqual([bed.store.attempts, bed.published.length], [1, 2]);
});

Deno.test("Registrar.submit() changes nothing when the store fails, and uses the generation for the next that succeeds", async () => {
  const bed = await startBed();
  await bed.registrar.register(A);
  bed.store.failure = unavailable();
  const failed = [
    bed.registrar.register(B),
    bed.registrar.submit([{ kind: "deregister", id: "a" }, register("c")]),
    bed.registrar.register(A),
  ];
  for (const each of failed) await assert.rejects(each, { code: "store_unavailable" });
  assert.deepEqual([idsOf(bed), [...bed.served.keys()], bed.registrar.generation], [["a"], ["a"], 1]);
  assert.equal(bed.table.ownerOf(B.host), undefined);
  assert.deepEqual(await bed.store.load(), { generation: 1, records: [{ session: A, generation: 1 }] });

  bed.store.failure = undefined;
  const taker = sampleSession("d", { host: B.host });
  assert.deepEqual(await bed.registrar.register(taker), {
    status: "created",
    record: { session: taker, generation: 2 },
  });
  assert.deepEqual(bed.published.map(({ generation }) => generation), [0, 1, 2]);
});

Deno.test("Registrar.submit() rejects with internal when the store throws anything else, and goes on", async () => {
  const bed = await startBed();
  bed.store.failure = new TypeError("a defect");
  await assert.rejects(bed.registrar.register(A), { code: "internal", message: "a defect" });
  bed.store.failure = undefined;
  assert.equal((await bed.registrar.register(A)).status, "created");
});

Deno.test("Registrar.submit() costs one session alone when its builder throws", async () => {
  const bed = await startBed();
  const odd = sampleSession("odd", { labels: { build: "throws" } });
  const [refused, created] = await Promise.all([bed.registrar.register(odd), bed.registrar.register(A)]);
  assert(refused.status === "refused" && refused.error.code === "internal");
  assert.equal(created.status, "created");
});

Deno.test("Registrar.submit() answers all the same when the publication throws", async () => {
  const [store, time] = [new StoreDouble(), new FakeTime()];
  const publish = () => {
    throw new Error("a defect");
  };
  const table = new SessionTable();
  const registrar = createRegistrar({ store, table, clock: time, timers: time, build: buildSample, publish });
  await registrar.start(await store.load());
  assert.equal((await registrar.register(A)).status, "created");
  assert.equal((await registrar.register(B)).status, "created");
  assert.equal(registrar.generation, 2);
});

Deno.test("Registrar.close() resolves when what was submitted is done, and what comes later is rejected", async () => {
  const bed = await startBed();
  bed.store.holds = true;
  const first = bed.registrar.register(A);
  await bed.time.settle();
  const second = bed.registrar.register(B);
  const closed = bed.registrar.close();
  await assert.rejects(bed.registrar.register(sampleSession("c")), {
    code: "not_ready",
    message: "Cannot change sessions: Signalbox is stopping",
  });
  bed.store.release();
  await first;
  assert.equal(await stateOf(closed, bed.time), "pending");
  bed.store.release();
  await closed;
  assert.equal(await stateOf(second, bed.time), "done");
  assert.deepEqual(idsOf(bed), ["a", "b"]);
  assert.equal((await bed.store.load()).records.length, 2);
  await bed.registrar.close();
});

Deno.test("Registrar.close() does what was submitted in the same turn", async () => {
  const bed = await startBed();
  const answer = bed.registrar.register(A);
  await bed.registrar.close();
  assert.equal((await answer).status, "created");
});

Deno.test("Registrar.close() resolves when the commit under way fails, and tries nothing again", async () => {
  const bed = await startBed();
  await bed.registrar.register(sampleSession("a", { ttlMs: 1_000 }));
  bed.store.failure = unavailable();
  bed.store.holds = true;
  const answer = bed.registrar.register(B);
  await bed.time.advance(1_000);
  const closed = bed.registrar.close();
  bed.store.release();
  await assert.rejects(answer, { code: "store_unavailable" });
  await closed;
  await bed.time.advance(1_000_000);
  assert.deepEqual([bed.time.waitsMs, bed.store.attempts], [[], 2]);
});

Deno.test("Registrar.start() publishes all that the store had as one change, under its generation", async () => {
  const before = await startBed();
  await before.registrar.register(A);
  await before.registrar.register(B);
  await before.registrar.close();
  const bed = await startBed({ store: before.store });
  assert.deepEqual(bed.published, [{
    generation: 2,
    changes: [{ id: "a", fragment: A }, { id: "b", fragment: B }],
  }]);
  assert.deepEqual([...bed.table.records()], [...before.table.records()]);
  assert.equal(bed.store.attempts, 2);
  assert.equal((await bed.registrar.register(A)).status, "unchanged");
  assert.equal(bed.registrar.generation, 2);
});

Deno.test("Registrar.start() keeps a session without resources when it can be built no more", async () => {
  const before = await startBed();
  for (const id of ["a", "b", "c"]) await before.registrar.register(sampleSession(id));
  await before.registrar.close();
  const build = (session: typeof A) => {
    const kind = { a: "fails", b: "throws" }[session.id];
    return buildSample(kind === undefined ? session : { ...session, labels: { build: kind } });
  };
  const bed = await startBed({ store: before.store, build });
  assert.deepEqual(idsOf(bed), ["a", "b", "c"]);
  assert.deepEqual([...bed.served.keys()], ["c"]);
  assert.equal((await bed.registrar.deregister("a")).status, "deleted");
  assert.deepEqual(idsOf(bed), ["b", "c"]);
});

Deno.test("Registrar.start() rejects with store_damaged when two sessions have one host", async () => {
  const store = new StoreDouble();
  const twin = sampleSession("b", { aliases: [A.host] });
  await store.commit(1, [A, twin].map((session) => ({ kind: "put", record: { session, generation: 1 } })));
  await assert.rejects(startBed({ store }), { code: "store_damaged", message: /"b": session "a" has a\.example\.org/ });
});

Deno.test("Registrar.submit() rejects with not_ready before the start, which is only once", async () => {
  const [store, time, table] = [new StoreDouble(), new FakeTime(), new SessionTable()];
  const options = { store, table, clock: time, timers: time, build: buildSample, publish: () => {} };
  const registrar = createRegistrar(options);
  await assert.rejects(registrar.register(A), {
    code: "not_ready",
    message: "Cannot change sessions: Signalbox is starting",
  });
  await registrar.start(await store.load());
  await assert.rejects(registrar.start(await store.load()), TypeError);
  const closed = createRegistrar(options);
  await closed.close();
  await assert.rejects(closed.start(await store.load()), TypeError);
});
