import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { registerLive } from "./register_live.ts";
import { startScriptedPod } from "./scripted_pod.ts";

const UNAVAILABLE = 14;
const INTERNAL = 13;
const BACK_OFF = "1ms";

testWithEnvoy("retries: a call is tried again after the failures that are configured, as often as that", async () => {
  const config = { on: ["unavailable"], attempts: 2, backOff: BACK_OFF };
  await using world = await createWorld({ store: "memory", config: { plugins: [{ name: "retries", config }] } });
  await using pod = await startScriptedPod("a");
  const { address, port } = pod;
  await registerLive(world, { id: "s1", address, port });
  await registerLive(world, { id: "never", address, port, plugins: { retries: { attempts: 0 } } });
  await registerLive(world, { id: "internal", address, port, plugins: { retries: { on: ["internal"] } } });

  /** How a call ends that the pod would fail so often, and how often the pod was called. */
  const outcome = async (id: string, fails: { readonly calls: number; readonly status: number }) => {
    const before = pod.calls;
    pod.fails = fails;
    const result = await world.call(`${id}.example.org`);
    pod.fails = { calls: 0, status: 0 };
    return [result.ok ? "OK" : result.codeName, pod.calls - before];
  };
  assert.deepEqual(await outcome("s1", { calls: 0, status: 0 }), ["OK", 1]);
  assert.deepEqual(await outcome("s1", { calls: 2, status: UNAVAILABLE }), ["OK", 3]);
  assert.deepEqual(await outcome("s1", { calls: 9, status: UNAVAILABLE }), ["UNAVAILABLE", 3]);
  assert.deepEqual(await outcome("s1", { calls: 1, status: INTERNAL }), ["INTERNAL", 1]);
  assert.deepEqual(await outcome("never", { calls: 1, status: UNAVAILABLE }), ["UNAVAILABLE", 1]);
  assert.deepEqual(await outcome("internal", { calls: 1, status: INTERNAL }), ["OK", 2]);
});

testWithEnvoy("retries: a session's other pod is asked next, so that no call of a load fails", async () => {
  const config = { on: ["unavailable"], attempts: 1, backOff: BACK_OFF };
  await using world = await createWorld({ store: "memory", config: { plugins: [{ name: "retries", config }] } });
  await using a = await startScriptedPod("a");
  await using b = await startScriptedPod("b");
  b.fails = { calls: Infinity, status: UNAVAILABLE };
  const backends = [a, b].map(({ address, port }) => ({ address, port }));
  await registerLive(world, { id: "s1", backends });
  await using load = world.load("s1.example.org", { clients: 4 });
  await load.moreCalls(200);
  const { failures, byBackend, calls } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(byBackend, { a: calls });
  assert.ok(b.calls > 0);
});
