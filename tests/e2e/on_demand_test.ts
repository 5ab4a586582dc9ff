import assert from "node:assert/strict";
import type { EnvoyProcess } from "../../core/dev/envoy_process.ts";
import { until } from "../../core/dev/until.ts";
import { createWorld, UNKNOWN_HOST, type World } from "./harness.ts";
import { testOnDemand } from "./layouts.ts";

/** The clusters of sessions that Envoy has. */
async function clustersOf(envoy: EnvoyProcess): Promise<readonly string[]> {
  const { cluster_statuses = [] } = JSON.parse(await envoy.admin("/clusters?format=json"));
  const names = (cluster_statuses as readonly { readonly name: string }[]).map(({ name }) => name);
  return names.filter((name) => name !== "signalbox_xds").sort();
}

/** Hosts for which Envoy has a virtual host by VHDS. */
async function hostsOf(envoy: EnvoyProcess): Promise<readonly string[]> {
  const dump = await envoy.admin("/config_dump?resource=dynamic_route_configs");
  return [...new Set([...dump.matchAll(/"sessions-vhds\/([^"]+)"/g)].map(([, host = ""]) => host))].sort();
}

/** Sessions `s0`, `s1`, ... of one backend, as Envoys know them when this resolves. */
async function registerMany(world: World, count: number): Promise<void> {
  const { address, port } = await world.addBackend("a");
  const tasks = Array.from({ length: count }, (_, index) => ({ id: `s${index}`, address, port }));
  const { status, body } = await world.api.request("POST", "/xds/tasks:batch?wait=live&timeout=20s", { tasks });
  assert.equal(status, 200, JSON.stringify(body));
}

async function assertAnswers(world: World, authority: string, text = "hello"): Promise<void> {
  using client = world.client(authority);
  const result = await client.say({ text });
  assert.ok(result.ok, `${authority}: ${JSON.stringify(result)}`);
  assert.equal(result.reply.text, text);
}

testOnDemand(
  "the first call to a session answers, whatever call it is, and Envoy has no other sessions",
  async (layout) => {
    await using world = await createWorld({ ...layout, concurrency: 2, pluginFiles: ["extra_cluster"] });
    const [envoy] = world.envoys;
    assert.ok(envoy);
    await registerMany(world, 100);
    // What a plugin adds for all is there from the beginning.
    const extra = "extra-cluster:auth";
    assert.deepEqual(await clustersOf(envoy), [extra]);

    await assertAnswers(world, "s0.example.org");
    assert.deepEqual(await clustersOf(envoy), [extra, "s0"]);
    if (layout.routes === "vhds") assert.deepEqual(await hostsOf(envoy), ["nowhere.invalid", "s0.example.org"]);

    // More than Envoy buffers of a call that it holds back.
    await assertAnswers(world, "s1.example.org", "x".repeat(200_000));
    const chat = world.client("s2.example.org").chat();
    assert.equal((await chat.send("one")).text, "one");
    assert.ok((await chat.end()).ok);
    // To one session and to many, all at the same time.
    const authorities = Array.from({ length: 20 }, (_, index) => `s${index < 10 ? 3 : index}.example.org`);
    await Promise.all(authorities.map((authority) => assertAnswers(world, authority)));
    assert.equal((await clustersOf(envoy)).length, 15);
    assert.doesNotMatch(await envoy.admin("/stats"), /^cluster\.s\d/m, "statistics of sessions' clusters");
  },
);

testOnDemand("unknown hosts fail at once and hold up nobody", async (layout) => {
  await using world = await createWorld(layout);
  await registerMany(world, 10);
  const unknown = Array.from({ length: 30 }, (_, index) => `unknown-${index}.example.org`);
  const known = Array.from({ length: 10 }, (_, index) => `s${index}.example.org`);
  const calls = [...unknown, ...known].map(async (authority) => {
    // Below the limit that Envoy has for what it asks for: who gets its answer was not left waiting.
    using client = world.client(authority, { timeoutMs: 4000 });
    const result = await client.say({ text: "hello" });
    return result.ok ? "OK" : result.codeName;
  });
  const answers = await Promise.all(calls);
  assert.deepEqual(answers, [...unknown.map(() => UNKNOWN_HOST), ...known.map(() => "OK")]);
});

testOnDemand(
  "what is called while Signalbox is away is answered when it is back, and Envoy asks for no more",
  async (layout) => {
    await using world = await createWorld(layout);
    const [envoy] = world.envoys;
    assert.ok(envoy);
    await registerMany(world, 50);
    await assertAnswers(world, "s0.example.org");
    // By VHDS its host would be held back as well, for as long as Envoy is not connected.
    if (layout.routes === "vhds") await assertAnswers(world, "s1.example.org");
    await world.signalbox.kill();
    await until(async () => await envoy.stat("control_plane.connected_state") === 0, { what: "Envoy's loss" });
    await assertAnswers(world, "s0.example.org");
    const held = world.client("s1.example.org").say({ text: "held" });
    await world.startSignalbox();
    const result = await held;
    assert.ok(result.ok, JSON.stringify(result));
    await assertAnswers(world, "s2.example.org");
    assert.deepEqual(await clustersOf(envoy), ["s0", "s1", "s2"]);
  },
);

testOnDemand("names that nobody has are remembered up to a bound, and can be asked for again", async (layout) => {
  const { routes, clusters } = layout;
  const config = { delivery: { routes, clusters, maxUnknownNames: 3, drain: "0s" } };
  await using world = await createWorld({ ...layout, config });
  const backend = await world.addBackend("a");
  const ids = Array.from({ length: 8 }, (_, index) => `s${index}`);
  const type = routes === "vhds" ? "virtual_host" : "cluster";
  const forgotten = () => world.api.metric(`signalbox_forgotten_names_total{type="${type}"}`);
  if (routes === "vhds") { for (const id of ids) await world.untilUnknown(`${id}.example.org`); }
  else {
    // A host that has a scope and no cluster is none that could be called: names become unknown by removal.
    for (const id of ids) {
      await world.api.register({ id, backend });
      await world.untilAnswered(`${id}.example.org`, "a");
    }
    for (const id of ids) await world.api.request("DELETE", `/xds/tasks/${id}?wait=live`);
  }
  assert.equal(await forgotten(), 5);
  for (const id of ids) {
    const { address, port } = backend;
    const { status } = await world.api.request("POST", "/xds/tasks?wait=live", { id, address, port });
    assert.equal(status, 201);
    await assertAnswers(world, `${id}.example.org`);
  }
});
