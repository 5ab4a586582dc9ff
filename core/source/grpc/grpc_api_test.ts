import assert from "node:assert/strict";
import { GrpcClient, type Responses } from "../../grpc/testdata/grpc_client.ts";
import type { Messages } from "../../proto/message_types.ts";
import { startGrpcApiBed } from "./testdata/grpc_api_bed.ts";
import { BATCH, DEREGISTER, GET, LIST, REGISTER, WATCH } from "./testdata/grpc_methods.ts";

const A = { id: "a", address: "10.0.0.1", port: 50051 };
const HEALTH = [
  "/grpc.health.v1.Health/Check",
  "grpc.health.v1.HealthCheckRequest",
  "grpc.health.v1.HealthCheckResponse",
] as const;

type Update = Messages["signalbox.v1.WatchResponse"];

function summary({ reset, removed = [], changed = [], more, position }: Update) {
  const ids = changed.map(({ id, generation }) => `${id}@${generation}`);
  return { ...reset && { reset }, removed, changed: ids, ...more && { more }, at: Number(position?.generation ?? 0) };
}

async function nextOf(updates: Responses<"signalbox.v1.WatchResponse">) {
  return summary(await updates.next());
}

Deno.test("startGrpcApi() refuses every call, and its health says NOT_SERVING, until serve()", async () => {
  await using bed = await startGrpcApiBed({ serving: false });
  const { api, client, registrar } = bed;
  const failure = { code: "UNAVAILABLE", message: "Cannot answer: Signalbox is starting" };
  await assert.rejects(client.call(REGISTER, A), failure);
  await assert.rejects(client.call(DEREGISTER, { id: "a" }), failure);
  await assert.rejects(client.call(BATCH, {}), failure);
  await assert.rejects(client.call(GET, { id: "a" }), failure);
  await assert.rejects(client.call(LIST, {}), failure);
  await assert.rejects(client.open(WATCH, {}).next(), failure);
  const service = "signalbox.v1.SessionService";
  assert.deepEqual(await client.call(HEALTH, { service }), { status: "NOT_SERVING" });
  api.serve(registrar.generation);
  assert.deepEqual(await client.call(HEALTH, { service }), { status: "SERVING" });
  assert.deepEqual(await client.call(LIST, {}), {});
});

Deno.test("Watch tells all sessions, then what changes, with the generation of each", async () => {
  await using bed = await startGrpcApiBed();
  const { client } = bed;
  await client.call(REGISTER, A);
  await client.call(REGISTER, { ...A, id: "b" });
  const updates = client.open(WATCH, {});
  assert.deepEqual(await nextOf(updates), { reset: true, removed: [], changed: ["a@1", "b@2"], at: 2 });
  await client.call(REGISTER, { ...A, address: "10.0.0.2" });
  assert.deepEqual(await nextOf(updates), { removed: [], changed: ["a@3"], at: 3 });
  await client.call(BATCH, { operations: [{ deregister: { id: "a" } }, { register: { ...A, id: "c" } }] });
  assert.deepEqual(await nextOf(updates), { removed: ["a"], changed: ["c@4"], at: 4 });
  updates.cancel();
});

Deno.test("Watch tells of sessions that expire", async () => {
  await using bed = await startGrpcApiBed();
  await bed.client.call(REGISTER, { ...A, ttl: { seconds: 1 } });
  const updates = bed.client.open(WATCH, { now: {} });
  assert.deepEqual(await nextOf(updates), { removed: [], changed: [], at: 1 });
  // A renewal is no change.
  await bed.client.call(REGISTER, { ...A, ttl: { seconds: 1 } });
  await bed.time.advance(1_000);
  assert.deepEqual(await nextOf(updates), { removed: ["a"], changed: [], at: 2 });
  updates.cancel();
});

Deno.test("Watch says nothing of a session that is only built anew, or withdrawn from Envoys", async () => {
  let broken = false;
  await using bed = await startGrpcApiBed({
    build: (session) => broken ? { ok: false, failures: [], withdraw: true } : { ok: true, fragment: { ...session } },
  });
  await bed.client.call(REGISTER, A);
  const updates = bed.client.open(WATCH, { now: {} });
  await updates.next();
  broken = true;
  bed.registrar.invalidate(["a"]);
  await bed.time.settle();
  assert.deepEqual([bed.registrar.generation, bed.served.size], [2, 0]);
  broken = false;
  await bed.client.call(REGISTER, A);
  assert.deepEqual([bed.registrar.generation, bed.served.size], [3, 1]);
  await bed.client.call(REGISTER, { ...A, id: "b" });
  assert.deepEqual(await nextOf(updates), { removed: [], changed: ["b@4"], at: 4 });
  updates.cancel();
});

Deno.test("Watch tells only of sessions with the labels asked for", async () => {
  await using bed = await startGrpcApiBed();
  const { client } = bed;
  const mine = { ...A, labels: { team: "x" } };
  const updates = client.open(WATCH, { labels: { team: "x" } });
  assert.deepEqual(await nextOf(updates), { reset: true, removed: [], changed: [], at: 0 });
  await client.call(REGISTER, { ...A, id: "other" });
  await client.call(REGISTER, mine);
  assert.deepEqual(await nextOf(updates), { removed: [], changed: ["a@2"], at: 2 });
  await client.call(REGISTER, { ...A, id: "other", port: 1 });
  await client.call(REGISTER, A);
  assert.deepEqual(await nextOf(updates), { removed: ["a"], changed: [], at: 4 });
  updates.cancel();
});

Deno.test("Watch goes on from the position of a watch that ended", async () => {
  await using bed = await startGrpcApiBed();
  const { client } = bed;
  await client.call(REGISTER, A);
  await client.call(REGISTER, { ...A, id: "b" });
  const first = client.open(WATCH, {});
  const { position } = await first.next();
  assert(position !== undefined);
  first.cancel();
  await client.call(DEREGISTER, { id: "a" });
  await client.call(REGISTER, { ...A, id: "c" });
  const second = client.open(WATCH, { after: position });
  assert.deepEqual(await nextOf(second), { removed: ["a"], changed: ["c@4"], at: 4 });
  second.cancel();
});

Deno.test("Watch begins anew when the position is another run's, or from the future", async () => {
  await using bed = await startGrpcApiBed();
  await bed.client.call(REGISTER, A);
  const { position } = await bed.client.open(WATCH, { now: {} }).next();
  assert(position !== undefined);
  for (const after of [{ ...position, epoch: "another" }, { generation: 1 }, { ...position, generation: 99 }]) {
    const updates = bed.client.open(WATCH, { after });
    assert.deepEqual(await nextOf(updates), { reset: true, removed: [], changed: ["a@1"], at: 1 });
    updates.cancel();
  }
});

Deno.test("Watch tells 1,000 sessions in parts, of which the last has the position", async () => {
  await using bed = await startGrpcApiBed();
  const { client } = bed;
  const operations = Array.from({ length: 1_000 }, (_, i) => ({ register: { ...A, id: `s-${i}` } }));
  await client.call(BATCH, { operations });
  const updates = client.open(WATCH, {});
  const seen = new Set<string | undefined>();
  let update: Update = { more: true };
  for (let parts = 0; update.more; parts++) {
    update = await updates.next();
    assert.equal(update.reset ?? false, parts === 0);
    for (const { id } of update.changed ?? []) seen.add(id);
  }
  assert.deepEqual([seen.size, update.position?.generation], [1_000, 1]);
  updates.cancel();
});

Deno.test("a watcher that does not read delays nobody, and is told in the end how things are", async () => {
  await using bed = await startGrpcApiBed();
  using slowClient = new GrpcClient(bed.api.port);
  const slow = slowClient.open(WATCH, { now: {} });
  await slow.next();
  slow.pause();
  const fast = bed.client.open(WATCH, { now: {} });
  await fast.next();
  // Far more than buffers on the way hold.
  const changes = 60;
  const text = "x".repeat(100_000);
  for (let i = 1; i <= changes; i++) {
    await bed.client.call(REGISTER, { ...A, plugins: { blob: { text, i } } });
    assert.equal((await fast.next()).position?.generation, i);
  }
  slow.resume();
  let updates = 0;
  let update: Update;
  do {
    update = await slow.next();
    updates++;
  } while (update.position?.generation !== changes);
  assert.equal(update.changed?.[0]?.plugins?.blob?.i, changes);
  assert(updates < changes, `it was told ${updates} times of ${changes} changes`);
  slow.cancel();
  fast.cancel();
});

Deno.test("Watch ends with UNAVAILABLE when the API closes", async () => {
  const bed = await startGrpcApiBed();
  const updates = bed.client.open(WATCH, {});
  await updates.next();
  const ended = assert.rejects(updates.next(), {
    code: "UNAVAILABLE",
    message: "Cannot go on: Signalbox is stopping",
  });
  await bed[Symbol.asyncDispose]();
  await ended;
});
