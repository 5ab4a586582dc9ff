import assert from "node:assert/strict";
import type { Recipient } from "../../observe/deliveries.ts";
import type { Messages } from "../../proto/message_types.ts";
import { type GrpcApiBed, startGrpcApiBed } from "./testdata/grpc_api_bed.ts";
import { BATCH, DEREGISTER, GET, GET_GENERATION, REGISTER } from "./testdata/grpc_methods.ts";

const A = { id: "a", address: "10.0.0.1", port: 50051 };
const ONE: Recipient = { id: 1, node: { id: "envoy-1" }, group: "default", dialect: "envoy" };
const TWO: Recipient = { id: 2, node: { id: "envoy-2" }, group: "eu", dialect: "envoy" };

type Delivery = Messages["signalbox.v1.Delivery"];

const live = ({ node, group }: Recipient, ms?: number) => ({
  node: node.id,
  group,
  state: "STATE_LIVE" as const,
  ...ms !== undefined && { ms },
});
const pending = ({ node, group }: Recipient) => ({ node: node.id, group, state: "STATE_PENDING" as const });

/** Two Envoys, which have everything so far. */
function connectEnvoys({ deliveries, registrar, time }: GrpcApiBed): void {
  for (const envoy of [ONE, TWO]) {
    deliveries.opened(envoy, time.now());
    deliveries.progressed(envoy, registrar.generation, time.now());
  }
}

/** Resolves when `generation` is published, and those who wait for it wait. */
async function published({ registrar, time }: GrpcApiBed, generation: number): Promise<void> {
  while (registrar.generation < generation) await time.settle();
  await time.settle();
}

Deno.test("Register answers when every Envoy has the session, and Deregister when none has", async () => {
  await using bed = await startGrpcApiBed();
  const { client, deliveries, time } = bed;
  connectEnvoys(bed);
  const registered = client.call(REGISTER, { ...A, wait: { timeout: { seconds: 2 } } });
  await published(bed, 1);
  deliveries.published(1, ["a"], time.now());
  deliveries.progressed(ONE, 1, time.now() + 1.5);
  deliveries.progressed(TWO, 1, time.now());
  assert.deepEqual((await registered).delivery, { state: "STATE_LIVE", envoys: [live(ONE, 1.5), live(TWO, 0)] });

  const removed = client.call(DEREGISTER, { id: "a", wait: {} });
  await published(bed, 2);
  for (const envoy of [ONE, TWO]) deliveries.progressed(envoy, 2, time.now());
  assert.deepEqual((await removed).delivery, { state: "STATE_LIVE", envoys: [live(ONE), live(TWO)] });
});

Deno.test("a request that does not wait has no delivery in its answer; Get always says how far the session is", async () => {
  await using bed = await startGrpcApiBed();
  connectEnvoys(bed);
  assert.equal((await bed.client.call(REGISTER, A)).delivery, undefined);
  bed.deliveries.progressed(ONE, 1, bed.time.now());
  const delivery: Delivery = { state: "STATE_PENDING", envoys: [live(ONE), pending(TWO)] };
  assert.deepEqual((await bed.client.call(GET, { id: "a" })).delivery, delivery);
  assert.deepEqual(await bed.client.call(GET_GENERATION, { generation: 1 }), { generation: 1, delivery });
  assert.equal((await bed.client.call(DEREGISTER, { id: "a" })).delivery, undefined);
});

Deno.test("a request that waits in vain is answered when the time is up, with who is missing", async () => {
  await using bed = await startGrpcApiBed();
  const { client, deliveries, time } = bed;
  connectEnvoys(bed);
  const registered = client.call(REGISTER, { ...A, groups: ["eu"], wait: { timeout: { nanos: 500_000_000 } } });
  await published(bed, 1);
  deliveries.progressed(ONE, 1, time.now());
  await time.advance(500);
  assert.deepEqual((await registered).delivery, { state: "STATE_PENDING", envoys: [pending(TWO)] });
});

Deno.test("Register fails with Envoy's own words when an Envoy rejects the session, which stays registered", async () => {
  await using bed = await startGrpcApiBed();
  const { client, deliveries } = bed;
  connectEnvoys(bed);
  const registered = client.call(REGISTER, { ...A, wait: {} });
  const rejection = { resource: "a", type: "cluster", message: "no such filter", plugin: "auth" };
  const failed = assert.rejects(registered, {
    code: "FAILED_PRECONDITION",
    message: 'Envoy "envoy-2" rejects cluster "a" (touched last by plugin auth): no such filter',
  });
  await published(bed, 1);
  deliveries.rejected(TWO, "a", rejection, () => false);
  await failed;
  assert.deepEqual((await client.call(GET, { id: "a" })).delivery, {
    state: "STATE_REJECTED",
    envoys: [pending(ONE), { node: "envoy-2", group: "eu", state: "STATE_REJECTED", rejection }],
  });
});

Deno.test("Batch waits for all that it did, and says of each session that is not live how far it is", async () => {
  await using bed = await startGrpcApiBed();
  const { client, deliveries, time } = bed;
  connectEnvoys(bed);
  const operations = [{ register: A }, { register: { ...A, id: "b", groups: ["default"] } }, {
    deregister: { id: "c" },
  }];
  const answer = client.call(BATCH, { operations, wait: { timeout: { seconds: 1 } } });
  await published(bed, 1);
  deliveries.progressed(ONE, 1, time.now());
  await time.advance(1_000);
  const delivery: Delivery = { state: "STATE_PENDING", envoys: [live(ONE), pending(TWO)] };
  const { results = [], ...rest } = await answer;
  assert.deepEqual(rest, { generation: 1, delivery });
  assert.deepEqual(results.slice(0, 2), [
    { registered: { outcome: "OUTCOME_CREATED", delivery } },
    { registered: { outcome: "OUTCOME_CREATED" } },
  ]);
});

Deno.test("GetGeneration waits for a generation, and fails with NOT_FOUND of one that is still to come", async () => {
  await using bed = await startGrpcApiBed();
  const { client, deliveries, time } = bed;
  connectEnvoys(bed);
  await client.call(REGISTER, A);
  const answer = client.call(GET_GENERATION, { generation: 1, wait: {} });
  // Whether it waits already or comes only now, it is the same to it.
  for (const envoy of [ONE, TWO]) deliveries.progressed(envoy, 1, time.now());
  assert.deepEqual(await answer, {
    generation: 1,
    delivery: { state: "STATE_LIVE", envoys: [live(ONE), live(TWO)] },
  });
  await assert.rejects(client.call(GET_GENERATION, { generation: 2 }), { code: "NOT_FOUND" });
});

Deno.test("a wait that is not acceptable is refused before anything is done", async () => {
  await using bed = await startGrpcApiBed();
  const { client, store } = bed;
  for (
    const [timeout, got] of [
      [{ seconds: 61 }, "1m1s"],
      [{ seconds: -1 }, "-1000ms"],
      [{ nanos: 1 }, "0.000001ms"],
    ] as const
  ) {
    const wait = { timeout };
    const fieldViolations = [
      {
        field: "wait.timeout",
        description: `must be a duration such as "30s", "5m" or "1h30m", at most 1m, got "${got}"`,
      },
    ];
    const refusal = (failure: { code: string; status: Messages["google.rpc.Status"] }) => {
      assert.equal(failure.code, "INVALID_ARGUMENT");
      assert.deepEqual(failure.status.details?.[1], {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations,
      });
      return true;
    };
    await assert.rejects(client.call(REGISTER, { ...A, wait }), refusal);
    await assert.rejects(client.call(DEREGISTER, { id: "a", wait }), refusal);
    await assert.rejects(client.call(BATCH, { wait }), refusal);
    await assert.rejects(client.call(GET_GENERATION, { wait }), refusal);
  }
  assert.equal(store.attempts, 0);
});
