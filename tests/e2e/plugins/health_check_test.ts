import assert from "node:assert/strict";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { registerLive } from "./register_live.ts";
import { type ScriptedPod, startScriptedPod } from "./scripted_pod.ts";

const HOST = "s1.example.org";
const UNAVAILABLE = 14;

const createHealthWorld = (config: unknown) =>
  createWorld({ store: "memory", config: { plugins: [{ name: "health-check", config }] } });

const placesOf = (...pods: readonly ScriptedPod[]) => pods.map(({ address, port }) => ({ address, port }));

testWithEnvoy("health-check: a pod whose calls fail is ejected, and the others go on", async () => {
  // Nobody comes back while this test runs.
  await using world = await createHealthWorld({ outliers: { failures: 3, ejectFor: "1h" } });
  await using a = await startScriptedPod("a");
  await using b = await startScriptedPod("b");
  b.fails = { calls: Infinity, status: UNAVAILABLE };
  await registerLive(world, { id: "s1", backends: placesOf(a, b) });
  using client = world.client(HOST);
  let failed = 0;
  // Pods take turns: so many calls in a row are one pod's only when it is the only one.
  for (let inARow = 0; inARow < 50;) {
    const result = await client.say({ text: "hello" });
    if (result.ok) {
      assert.equal(result.reply.backend, "a");
      inARow++;
      continue;
    }
    assert.equal(result.codeName, "UNAVAILABLE");
    assert.ok(++failed < 20, "b is not ejected");
    inARow = 0;
  }
  // A call may be on its way while Envoy's threads tell each other.
  assert.ok(failed >= 3, `${failed} failed`);
  assert.equal(b.calls, failed);
});

testWithEnvoy("health-check: an ejected pod gets calls again when its time is over", async () => {
  await using world = await createHealthWorld({ outliers: { failures: 1, ejectFor: "100ms" } });
  await using a = await startScriptedPod("a");
  await using b = await startScriptedPod("b");
  b.fails = { calls: 1, status: UNAVAILABLE };
  await registerLive(world, { id: "s1", backends: placesOf(a, b) });
  await until(async () => !(await world.call(HOST)).ok, { what: "the call that b fails" });
  await world.untilAnswered(HOST, "b");
});

testWithEnvoy("health-check: a pod gets calls while it says that it is well, and no call fails", async () => {
  const check = { grpc: "" };
  await using world = await createHealthWorld({ active: { check, interval: "50ms", unhealthy: 1 } });
  await using a = await startScriptedPod("a");
  await using b = await startScriptedPod("b");
  b.serving = false;
  await registerLive(world, { id: "s1", backends: placesOf(a, b) });
  await world.untilAnswered(HOST, "a");
  await using load = world.load(HOST);
  await load.moreCalls(100);
  assert.equal(b.calls, 0);

  b.serving = true;
  await load.answeredBy("b");
  a.serving = false;
  await until(async () => {
    const before = a.calls;
    await load.moreCalls(50);
    return a.calls === before;
  }, { what: "50 calls without a" });
  assert.deepEqual((await load.stop()).failures, []);
});

testWithEnvoy(
  "health-check: calls to the only pod, which is not well, are tried, or refused where panic is 0",
  async () => {
    await using world = await createHealthWorld({ active: { check: { grpc: "" }, interval: "50ms", unhealthy: 1 } });
    await using a = await startScriptedPod("a");
    a.serving = false;
    await registerLive(world, { id: "s1", backends: placesOf(a), plugins: { "health-check": {} } });
    await world.untilAnswered(HOST, "a");
    await registerLive(world, { id: "s1", backends: placesOf(a), plugins: { "health-check": { panic: 0 } } });
    await until(async () => {
      const result = await world.call(HOST);
      return !result.ok && result.message.includes("no healthy upstream");
    }, { what: "refused calls" });
    a.serving = true;
    await world.untilAnswered(HOST, "a");
  },
);
