import assert from "node:assert/strict";
import { until } from "../../../core/dev/until.ts";
import { difference, received } from "../envoy_counts.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld, type World, type WorldOptions } from "../harness.ts";
import { sayOverH2c } from "./h2c_request.ts";
import { registerLive } from "./register_live.ts";

const HOST = "s1.example.org";
const CALLS = 2000;
/** In a share of 90 or 10 of 100 calls, this is 4.4 standard deviations of 2,000 calls: one run in 100,000 is outside. */
const BAND = 0.03;

type Place = { readonly address: string; readonly port: number };
type Said = Readonly<Record<string, unknown>>;

/** The pods `a`, the session's own, and `b`, its canary; and the session, again and again. */
async function createCanary(world: World) {
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  const place = ({ address, port }: Place) => ({ address, port });
  const register = (weight: number, canary: Said, said: Said = {}) =>
    registerLive(world, {
      id: "s1",
      ...place(a),
      plugins: { "canary-weights": { weight, backends: { canary: { ...place(b), ...canary } }, ...said } },
    });
  return { a, b, register };
}

const createCanaryWorld = (options: WorldOptions = {}) =>
  createWorld({ ...options, store: "memory", config: { plugins: [{ name: "canary-weights" }] } });

async function shareOfCanary(world: World, { calls: number = CALLS } = {}): Promise<number> {
  await using load = world.load(HOST, { clients: 8 });
  // Not all at once: a load waits for 10 s at most.
  for (let batch = 0; batch < number; batch += 200) await load.moreCalls(200);
  const { calls, failures, byBackend } = await load.stop();
  assert.deepEqual(failures, []);
  return (byBackend["b"] ?? 0) / calls;
}

function assertNear(share: number, expected: number): void {
  assert.ok(Math.abs(share - expected) < BAND, `the canary's share is ${share}, not ${expected}`);
}

testWithEnvoy(
  "canary-weights: pods get calls by their weights, which change under load without a failed call",
  async () => {
    await using world = await createCanaryWorld();
    const { register } = await createCanary(world);
    await register(90, { weight: 10 });
    assertNear(await shareOfCanary(world), 0.1);

    const [envoy] = world.envoys;
    assert.ok(envoy);
    const before = await received(envoy);
    await using load = world.load(HOST, { clients: 4 });
    for (const weight of [30, 60, 100, 0, 90]) {
      await load.moreCalls(50);
      await register(100 - weight, { weight });
    }
    const { failures } = await load.stop();
    assert.deepEqual(failures, []);
    // Clusters, and the connections in them, stay as they are.
    assert.equal(difference(before, await received(envoy))["cluster_manager.cds.update_success"], undefined);
    assertNear(await shareOfCanary(world), 0.9);

    await register(0, { weight: 1 });
    assert.equal(await shareOfCanary(world, { calls: 200 }), 1);
  },
);

testWithEnvoy("canary-weights: the canary comes and goes under load without a failed call", async () => {
  await using world = await createCanaryWorld();
  const { a, register } = await createCanary(world);
  const { address, port } = a;
  await registerLive(world, { id: "s1", address, port });
  await using load = world.load(HOST, { clients: 4 });
  await load.moreCalls(50);
  for (let round = 0; round < 3; round++) {
    await register(50, { weight: 50 });
    await load.answeredBy("b");
    await registerLive(world, { id: "s1", address, port });
    await load.moreCalls(50);
  }
  assert.deepEqual((await load.stop()).failures, []);
});

testWithEnvoy("canary-weights: calls with one value of the header go to one pod", async () => {
  await using world = await createCanaryWorld();
  const { register } = await createCanary(world);
  await register(50, { weight: 50 }, { sticky: { header: "x-user" } });
  using client = world.client(HOST);
  const pods = Array.from({ length: 64 }, () => new Set<string>());
  for (let round = 0; round < 3; round++) {
    for (const [user, seen] of pods.entries()) {
      const result = await client.say({ text: "hello" }, { "x-user": `user-${user}` });
      assert.ok(result.ok, JSON.stringify(result));
      seen.add(result.reply.backend);
    }
  }
  assert.deepEqual(pods.filter((seen) => seen.size !== 1), []);
  assert.deepEqual(new Set(pods.flatMap((seen) => [...seen])), new Set(["a", "b"]));
});

testWithEnvoy(
  "canary-weights: who brings the cookie of the first answer stays, while weights change, until 0",
  async () => {
    await using world = await createCanaryWorld({ tls: false });
    const { register } = await createCanary(world);
    const sticky = { cookie: "version", ttl: "1h" };
    const call = async (cookie?: string) => {
      const sent = cookie === undefined ? {} : { cookie: `other=1; ${cookie}` };
      const { headers, reply } = await sayOverH2c(world.ingress(), { authority: HOST, headers: sent });
      return { pod: reply.backend, set: headers["set-cookie"]?.map((value) => value.split("; ", 1)[0]) };
    };

    await register(0, { weight: 100 }, { sticky });
    const first = await call();
    assert.deepEqual(first, { pod: "b", set: ["version=canary"] });
    await register(100, { weight: 1 }, { sticky });
    for (let round = 0; round < 50; round++) {
      // It is not set again.
      assert.deepEqual(await call("version=canary"), { pod: "b", set: undefined });
    }
    await register(100, { weight: 0 }, { sticky });
    assert.deepEqual(await call("version=canary"), { pod: "a", set: ["version=-"] });
    assert.deepEqual(await call("version=-"), { pod: "a", set: undefined });
  },
);

testWithEnvoy("canary-weights: a pod gets copies of the calls, and nobody its answers", async () => {
  await using world = await createCanaryWorld();
  const { a, b, register } = await createCanary(world);
  await register(1, {}, { mirror: { to: "canary" } });
  await using load = world.load(HOST);
  await load.moreCalls(200);
  const { calls, failures, byBackend } = await load.stop();
  assert.deepEqual(failures, []);
  assert.deepEqual(byBackend, { a: calls });
  await until(() => b.calls === calls, { what: "all copies", otherwise: () => [a.calls, b.calls] });
});
