import assert from "node:assert/strict";
import type { EchoBackend } from "../../core/dev/echo_backend.ts";
import { type EnvoyProcess, startEnvoy } from "../../core/dev/envoy_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { difference, received } from "./envoy_counts.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld } from "./harness.ts";
import { testEveryPolledLayout } from "./layouts.ts";

/** How often Envoy has polled, by subscription. */
async function attempts(envoy: EnvoyProcess): Promise<ReadonlyMap<string, number>> {
  const text = await envoy.admin("/stats?filter=update_attempt$");
  const entries = text.trim().split("\n").map((line) => line.split(": ")).map(([name = "", count]) =>
    [name, Number(count)] as const
  );
  return new Map(entries.filter(([, count]) => count > 0));
}

/** Waits until every subscription has been answered a poll that it began from now on. */
async function untilPolled(envoy: EnvoyProcess): Promise<void> {
  const before = await attempts(envoy);
  assert.ok(before.size >= 4, [...before.keys()].join());
  await until(async () => {
    const now = await attempts(envoy);
    return [...before].every(([name, count]) => (now.get(name) ?? 0) >= count + 2);
  }, { timeoutMs: 20_000, what: "two polls of everything" });
}

testEveryPolledLayout(
  "a restart of Signalbox loses no session, tells an Envoy that polls nothing, and ends no call",
  async (layout) => {
    await using world = await createWorld(layout);
    const [envoy] = world.envoys;
    assert.ok(envoy);
    const backend = await world.addBackend("a");
    for (const id of ["s1", "s2", "s3"]) await world.api.register({ id, backend });
    for (const id of ["s1", "s2", "s3"]) await world.untilAnswered(`${id}.example.org`, "a");
    await using load = world.load("s1.example.org");
    await load.moreCalls(20);
    assert.equal((await world.api.request("GET", "/generations/3?wait=live&timeout=20s")).status, 200);

    const before = await received(envoy);
    await world.signalbox.kill();
    const failures = async () => await envoy.stat("cluster_manager.cds.update_failure") ?? 0;
    await until(async () => await failures() > 0, { what: "Envoy's loss" });
    await load.moreCalls(50);
    await world.startSignalbox();
    await untilPolled(envoy);
    assert.deepEqual(difference(before, await received(envoy)), {});

    await world.api.register({ id: "after", backend });
    await world.untilAnswered("after.example.org", "a");
    const sent = difference(before, await received(envoy));
    const updates = Object.entries(sent).filter(([name]) => name.endsWith("update_success"));
    assert.deepEqual(updates.map(([, by]) => by), [1, 1], JSON.stringify(sent));
    assert.equal(sent["cluster_manager.cluster_modified"], undefined);
    assert.deepEqual((await load.stop()).failures, []);
  },
);

testWithEnvoy("a host passes to a new session while Signalbox restarts, without a failed call", async () => {
  await using world = await createWorld({ mode: "rest" });
  const host = "shared.example.org";
  const backends = [await world.addBackend("a"), await world.addBackend("b"), await world.addBackend("c")];
  const task = (index: number, host: string, { address, port }: EchoBackend) => ({
    id: `s${index}`,
    host,
    address,
    port,
  });
  const [first] = backends;
  const [envoy] = world.envoys;
  assert.ok(first && envoy);
  await world.api.register({ id: "s0", host, backend: first });
  await world.untilAnswered(host, "a");
  await using load = world.load(host);
  for (const [index, backend] of backends.entries()) {
    const tasks: readonly object[] = [task(index, `left-${index}.example.org`, first), task(index + 1, host, backend)];
    // Held still, Envoy hears nothing of it before it polls a Signalbox that knows nothing of Envoy: for what, is open.
    envoy.freeze();
    try {
      assert.equal((await world.api.request("POST", "/xds/tasks:batch", { tasks })).status, 200);
      await world.signalbox.kill();
      await world.startSignalbox();
    } finally {
      envoy.thaw();
    }
    await load.answeredBy(backend.name);
  }
  const report = await load.stop();
  assert.deepEqual(report.failures, [], JSON.stringify(report.byBackend));
});

testWithEnvoy("a registration that waits names the Envoy that has stopped polling", async () => {
  await using world = await createWorld({ mode: "rest", envoys: 2 });
  const { address, port } = await world.addBackend("a");
  const register = async (id: string, timeout: string) => {
    const answer = await world.api.request("POST", `/xds/tasks?wait=live&timeout=${timeout}`, { id, address, port });
    const { delivery } = answer.body as { delivery: { envoys: { node: string; state: string }[] } };
    return [answer.status, Object.fromEntries(delivery.envoys.map(({ node, state }) => [node, state]).sort())];
  };
  assert.deepEqual(await register("s1", "20s"), [201, { "envoy-1": "live", "envoy-2": "live" }]);
  const [, frozen] = world.envoys;
  assert.ok(frozen);
  frozen.freeze();
  assert.deepEqual(await register("s2", "3s"), [202, { "envoy-1": "live", "envoy-2": "pending" }]);
  frozen.thaw();
  assert.deepEqual(await register("s3", "20s"), [201, { "envoy-1": "live", "envoy-2": "live" }]);
  assert.equal(await world.api.metric('signalbox_streams{protocol="rest"}'), 2);
});

testWithEnvoy("an Envoy that polls and starts again has everything, and is counted once", async () => {
  await using world = await createWorld({ mode: "rest", envoys: 0 });
  const { address, port } = await world.addBackend("a");
  await world.api.request("POST", "/xds/tasks", { id: "s1", address, port });
  const bootstrap = await runSignalbox(["bootstrap", "--config", world.configPath, "--mode", "rest"]);
  for (const name of ["first", "second"]) {
    const envoy = await startEnvoy({ path: envoyPath, bootstrap, folder: world.folder, name });
    try {
      await envoy.listenerPort("ingress");
      const answer = await world.api.request("PUT", "/xds/tasks/s1?wait=live&timeout=20s", { address, port });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      const { delivery } = answer.body as { delivery: { envoys: { node: string }[] } };
      assert.deepEqual(delivery.envoys.map(({ node }) => node), ["envoy-1"]);
    } finally {
      await envoy.kill();
    }
  }
});

testWithEnvoy("an Envoy that polls has everything where others ask for what is called", async () => {
  await using world = await createWorld({ mode: "rest", routes: "vhds", clusters: "on-demand" });
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  await world.untilAnswered("s1.example.org", "a");
  await world.untilUnknown("s2.example.org");
  await world.api.remove("s1");
  await world.untilUnknown("s1.example.org");
});

testWithEnvoy("a session that an Envoy rejects which polls holds up none of the others", async () => {
  const from = new URL("testdata/odd_plugin.ts", import.meta.url).pathname;
  await using world = await createWorld({ mode: "rest", config: { plugins: [{ name: "odd", from }] } });
  const { address, port } = await world.addBackend("a");
  const good = Array.from({ length: 7 }, (_, index) => ({ id: `s${index}`, address, port }));
  const tasks = [...good, { id: "odd", address, port, labels: { odd: "rejected" } }];
  assert.equal((await world.api.request("POST", "/xds/tasks:batch", { tasks })).status, 200);
  for (const { id } of good) await world.untilAnswered(`${id}.example.org`, "a", { timeoutMs: 30_000 });
  const { delivery } = (await world.api.request("GET", "/xds/tasks/odd")).body as {
    readonly delivery: { readonly state: string; readonly envoys: readonly { readonly rejection?: object }[] };
  };
  assert.equal(delivery.state, "rejected", JSON.stringify(delivery));
  assert.deepEqual(delivery.envoys[0]?.rejection, {
    resource: "odd",
    type: "cluster",
    message: "It polls again without having taken the answer; its own log says why",
    plugin: "odd",
  });
  assert.equal(await world.api.metric('signalbox_rejected_resources_total{type="cluster"}'), 1);
  // What comes later waits for nothing, and the odd one is served once Envoy takes it.
  await world.api.request("PUT", "/xds/tasks/odd?wait=live&timeout=20s", { address, port });
  await world.untilAnswered("odd.example.org", "a");
});
