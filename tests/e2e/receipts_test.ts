import assert from "node:assert/strict";
import { until } from "../../core/dev/until.ts";
import { createWorld } from "./harness.ts";
import { testEveryLayout } from "./layouts.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";

interface Receipt {
  readonly id: string;
  readonly generation: number;
  readonly delivery: {
    readonly state: string;
    readonly envoys: readonly { readonly node: string; readonly state: string; readonly ms?: number }[];
  };
}

const statesOf = ({ delivery }: Receipt) =>
  Object.fromEntries(delivery.envoys.map(({ node, state }) => [node, state]).sort());

testEveryLayout(
  "a registration that waits is answered when the session is live, and so is its removal",
  async (layout) => {
    await using world = await createWorld({ ...layout, envoys: 2 });
    const backend = await world.addBackend("a");
    const { address, port } = backend;
    const wait = "wait=live&timeout=20s";
    const registered = await world.api.request("POST", `/xds/tasks?${wait}`, { id: "s1", address, port });
    const receipt = registered.body as Receipt;
    assert.equal(registered.status, 201, JSON.stringify(receipt));
    assert.deepEqual(statesOf(receipt), { "envoy-1": "live", "envoy-2": "live" });
    for (const { ms } of receipt.delivery.envoys) assert.ok(ms !== undefined && ms > 0 && ms < 20_000, String(ms));
    for (const envoy of [0, 1]) {
      const result = await world.call("s1.example.org", envoy);
      assert.ok(result.ok, `the first call through Envoy ${envoy}: ${JSON.stringify(result)}`);
    }
    // Nothing is pushed, so there is nothing to wait for.
    const again = await world.api.request("PUT", `/xds/tasks/s1?${wait}`, { address, port });
    assert.equal(again.status, 200);

    const removed = await world.api.request("DELETE", `/xds/tasks/s1?${wait}`);
    assert.equal(removed.status, 200, JSON.stringify(removed.body));
    for (const envoy of [0, 1]) assert.ok(!(await world.call("s1.example.org", envoy)).ok);

    const batch = await world.api.request("POST", `/xds/tasks:batch?${wait}`, {
      tasks: [{ id: "s2", address, port }, { id: "s3", address, port }],
    });
    assert.equal(batch.status, 200, JSON.stringify(batch.body));
    for (const host of ["s2.example.org", "s3.example.org"]) assert.ok((await world.call(host)).ok);
    const { generation } = batch.body as Receipt;
    const generations = await world.api.request("GET", `/generations/${generation}?${wait}`);
    assert.equal(generations.status, 200);
    assert.equal((await world.api.request("GET", `/generations/${generation + 1}`)).status, 404);
  },
);

testWithEnvoy(
  "a registration that waits in vain names the Envoy that is frozen, and is live when it thaws",
  async () => {
    await using world = await createWorld({ envoys: 2 });
    const { address, port } = await world.addBackend("a");
    await world.api.request("POST", "/xds/tasks?wait=live", { id: "s0", address, port });
    const [, frozen] = world.envoys;
    assert.ok(frozen);
    frozen.freeze();
    const registered = await world.api.request("POST", "/xds/tasks?wait=live&timeout=500ms", {
      id: "s1",
      address,
      port,
    });
    assert.equal(registered.status, 202, JSON.stringify(registered.body));
    assert.deepEqual(statesOf(registered.body as Receipt), { "envoy-1": "live", "envoy-2": "pending" });
    assert.ok((await world.call("s1.example.org")).ok);
    frozen.thaw();
    const { generation } = registered.body as Receipt;
    const live = await world.api.request("GET", `/generations/${generation}?wait=live&timeout=20s`);
    assert.equal(live.status, 200, JSON.stringify(live.body));
    const task = await world.api.request("GET", "/xds/tasks/s1");
    assert.deepEqual(statesOf(task.body as Receipt), { "envoy-1": "live", "envoy-2": "live" });
  },
);

testWithEnvoy("a registration that waits without any Envoy is not live, and a bad query changes nothing", async () => {
  await using world = await createWorld({ envoys: 0 });
  const task = { id: "s1", address: "127.0.0.11", port: 50051 };
  const alone = await world.api.request("POST", "/xds/tasks?wait=live&timeout=10ms", task);
  assert.equal(alone.status, 202);
  assert.deepEqual((alone.body as Receipt).delivery, { state: "pending", envoys: [] });
  const queries = [["wait=dead", "wait"], ["wait=live&timeout=2h", "timeout"], ["timeout=x", "timeout"]] as const;
  for (const [query, path] of queries) {
    const refused = await world.api.request("DELETE", `/xds/tasks/s1?${query}`);
    assert.equal(refused.status, 422, query);
    assert.deepEqual((refused.body as { issues: { path: string }[] }).issues.map((issue) => issue.path), [path]);
  }
  assert.equal((await world.api.request("GET", "/xds/tasks/s1")).status, 200);
});

testWithEnvoy("an Envoy gets what its group has, and one that no group has is refused", async () => {
  const listener = { address: "127.0.0.1", port: 0 };
  await using world = await createWorld({
    tls: false,
    config: {
      listeners: [{ name: "ingress", ...listener }, { name: "inner", ...listener }],
      groups: [
        { name: "one", match: { ids: ["envoy-1"] }, listeners: ["ingress"] },
        { name: "two", match: { ids: ["envoy-2"] } },
      ],
    },
    envoys: 2,
  });
  const { address, port } = await world.addBackend("a");
  const register = (id: string, groups?: readonly string[]) =>
    world.api.request("POST", "/xds/tasks?wait=live&timeout=20s", { id, address, port, ...(groups ? { groups } : {}) });
  const everywhere = await register("everywhere");
  assert.deepEqual(statesOf(everywhere.body as Receipt), { "envoy-1": "live", "envoy-2": "live" });
  const second = await register("second", ["two"]);
  assert.deepEqual(statesOf(second.body as Receipt), { "envoy-2": "live" });
  assert.ok((await world.call("everywhere.example.org", 0)).ok);
  assert.ok((await world.call("second.example.org", 1)).ok);
  assert.ok(!(await world.call("second.example.org", 0)).ok);
  const [one, two] = world.envoys;
  assert.ok(one && two);
  assert.equal(await one.stat("listener_manager.total_listeners_active"), 1);
  assert.equal(await two.stat("listener_manager.total_listeners_active"), 2);

  const nowhere = await register("third", ["three"]);
  assert.equal(nowhere.status, 422);
  assert.match(JSON.stringify(nowhere.body), /"path":"groups\[0\]"/);
  // It moves to the other group, and is gone from the first.
  await register("second", ["one"]);
  assert.ok((await world.call("second.example.org", 0)).ok);
  assert.ok(!(await world.call("second.example.org", 1)).ok);

  await world.addEnvoy({ untilListening: false });
  await until(async () => (await world.api.metric("signalbox_refused_nodes_total") ?? 0) > 0, { what: "the refusal" });
});
