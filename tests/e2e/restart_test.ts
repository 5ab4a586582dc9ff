import assert from "node:assert/strict";
import { type EnvoyProcess } from "../../core/dev/envoy_process.ts";
import { until } from "../../core/dev/until.ts";
import { difference, received } from "./envoy_counts.ts";
import { createWorld } from "./harness.ts";
import { testEveryLayoutOverAds } from "./layouts.ts";

async function untilConnected(envoy: EnvoyProcess): Promise<void> {
  await until(async () => await envoy.stat("control_plane.connected_state") === 1, { what: "Envoy's connection" });
}

testEveryLayoutOverAds("kill -9 loses no acknowledged session, and the restart sends Envoy nothing", async (layout) => {
  await using world = await createWorld(layout);
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const backend = await world.addBackend("a");
  const ids = Array.from({ length: 30 }, (_, index) => `s${index}`);
  // Killed with answers outstanding: whatever was answered must be there, the rest may be.
  const acknowledged: string[] = [];
  const half = Promise.withResolvers<void>();
  const posts = ids.map((id) =>
    world.api.register({ id, backend }).then(() => {
      acknowledged.push(id);
      if (acknowledged.length === ids.length / 2) half.resolve();
    }, () => {})
  );
  await half.promise;
  await world.signalbox.kill();
  await Promise.all(posts);
  await world.startSignalbox();
  for (const id of acknowledged) await world.untilAnswered(`${id}.example.org`, "a");
  // What was stored but not yet sent has arrived too.
  await world.api.register({ id: "before", backend });
  await world.untilAnswered("before.example.org", "a");

  const before = await received(envoy);
  await world.signalbox.kill();
  await until(async () => await envoy.stat("control_plane.connected_state") === 0, { what: "Envoy's loss" });
  await world.startSignalbox();
  await untilConnected(envoy);
  // What follows is sent after whatever the restart sends: when it is there, all is.
  await world.api.register({ id: "after", backend });
  await world.untilAnswered("after.example.org", "a");
  const sent = difference(before, await received(envoy));
  const updates = Object.entries(sent).filter(([name]) => name.endsWith("update_success"));
  assert.ok(updates.every(([, by]) => by === 1), JSON.stringify(sent));
  // One response with clusters is counted twice where they are on demand: for those who ask for all, and by name.
  assert.ok(updates.length <= (layout.clusters === "on-demand" ? 3 : 2), JSON.stringify(sent));
  assert.equal(sent["cluster_manager.cluster_added"], 1, JSON.stringify(sent));
  for (const name of ["cluster_manager.cluster_modified", "cluster_manager.cluster_removed"]) {
    assert.equal(sent[name], undefined, JSON.stringify(sent));
  }
});

testEveryLayoutOverAds(
  "Envoy goes on while Signalbox is away, and has new sessions when it is back",
  async (layout) => {
    await using world = await createWorld(layout);
    const [envoy] = world.envoys;
    assert.ok(envoy);
    const backend = await world.addBackend("a");
    await world.api.register({ id: "s1", backend });
    await world.untilAnswered("s1.example.org", "a");
    const chat = world.client("s1.example.org").chat();
    await chat.send("before");
    await using load = world.load("s1.example.org");
    await load.moreCalls(20);

    await world.signalbox.kill();
    await until(async () => await envoy.stat("control_plane.connected_state") === 0, { what: "Envoy's loss" });
    await load.moreCalls(100);
    // A connection that begins while Signalbox is away.
    assert.ok((await world.call("s1.example.org")).ok);

    await world.startSignalbox();
    await world.api.register({ id: "s2", backend });
    await world.untilAnswered("s2.example.org", "a", { timeoutMs: ARRIVES_WITHIN_MS });
    await load.moreCalls(20);
    assert.equal((await chat.send("after")).text, "after");
    assert.ok((await chat.end()).ok);
    assert.deepEqual((await load.stop()).failures, []);
  },
);

/** Envoy tries to connect again after at most half a second. */
const ARRIVES_WITHIN_MS = 1000;

testEveryLayoutOverAds("what changed while Envoy was away is there when it is back, removals too", async (layout) => {
  await using world = await createWorld(layout);
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  for (const id of ["moves", "goes", "stays"]) await world.api.register({ id, backend: a });
  for (const id of ["moves", "goes", "stays"]) await world.untilAnswered(`${id}.example.org`, "a");
  await world.signalbox.kill();
  await until(async () => await envoy.stat("control_plane.connected_state") === 0, { what: "Envoy's loss" });
  // Held still, Envoy can't connect before the changes are made.
  envoy.freeze();
  try {
    await world.startSignalbox();
    await world.api.register({ id: "moves", backend: b });
    await world.api.remove("goes");
    await world.api.register({ id: "comes", backend: b });
  } finally {
    envoy.thaw();
  }
  await world.untilAnswered("moves.example.org", "b");
  await world.untilAnswered("comes.example.org", "b");
  await world.untilAnswered("stays.example.org", "a");
  await world.untilUnknown("goes.example.org");
});
