import assert from "node:assert/strict";
import { until } from "../../core/dev/until.ts";
import { createWorld, type World } from "./harness.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createNamespace } from "./kubernetes_namespace.ts";

async function untilListed(world: World, id: string): Promise<void> {
  await until(async () => (await world.api.request("GET", `/xds/tasks/${id}`)).status === 200, {
    what: `session ${id}`,
  });
}

testWithKubernetes("a pod is called when it is ready, and no more when it is not, or is going", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const { address: ip, port } = await world.addBackend("a");

  await namespace.createPod("p1", { says: { session: "s1" }, port, labels: { team: "red" } });
  await namespace.setStatus("p1", { ip, ready: false });
  // What comes later is taken in later: when it is there, the other one was looked at.
  await namespace.addPod("p2", { says: { session: "s2", host: "mine.example.org" }, ip: "127.0.0.99" });
  await untilListed(world, "s2");
  assert.equal((await world.api.request("GET", "/xds/tasks/s1")).status, 404);

  await namespace.setStatus("p1", { ip });
  await world.untilAnswered("s1.example.org", "a");
  const { body } = await world.api.request("GET", "/xds/tasks/s1");
  assert.partialDeepStrictEqual(body, { owner: `pod ${namespace.name}/p1`, labels: { team: "red" } });

  await namespace.setStatus("p1", { ip, ready: false });
  await world.untilUnknown("s1.example.org");
  await namespace.setStatus("p1", { ip });
  await world.untilAnswered("s1.example.org", "a");
  await namespace.setStatus("p1", { ip, phase: "Failed" });
  await world.untilUnknown("s1.example.org");
  await namespace.setStatus("p1", { ip });
  await world.untilAnswered("s1.example.org", "a");
  await namespace.deletePod("p1", { graceSeconds: 30 });
  await world.untilUnknown("s1.example.org");
});

testWithKubernetes("a session goes to its newer pod, and back, without a failed call", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  await namespace.addPod("p1", { says: { session: "s1" }, port: a.port, ip: a.address, startedAt: 1_000 });
  await world.untilAnswered("s1.example.org", "a");
  await using load = world.load("s1.example.org");
  await load.moreCalls(20);
  await namespace.addPod("p2", { says: { session: "s1" }, port: b.port, ip: b.address, startedAt: 2_000 });
  await load.answeredBy("b");
  await namespace.setStatus("p2", { ip: b.address, startedAt: 2_000, ready: false });
  await load.answeredBy("a");
  await namespace.setStatus("p2", { ip: b.address, startedAt: 2_000 });
  await load.answeredBy("b");
  await namespace.deletePod("p1");
  await load.moreCalls(20);
  assert.deepEqual((await load.stop()).failures, []);
});

testWithKubernetes("a pod that says what is not acceptable is told so, and disturbs nobody", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config, envoys: 0 });
  await namespace.addPod("good", { says: { session: "s1" }, ip: "127.0.0.91" });
  await untilListed(world, "s1");
  await namespace.addPod("bad", { says: { session: "s2", port: "http", plugins: "{" }, ip: "127.0.0.92" });
  const [event] = await until(async () => {
    const events = await namespace.events("bad");
    return events.length > 0 && events;
  }, { what: "the event" });
  assert.equal(event?.reason, "InvalidSession");
  assert.match(
    event?.message ?? "",
    /signalbox\.dev\/port must be a number or the name .*signalbox\.dev\/plugins must be JSON/,
  );
  assert.equal((await world.api.request("GET", "/xds/tasks/s2")).status, 404);
  await untilListed(world, "s1");
  await namespace.annotate("bad", { port: null, plugins: null });
  await untilListed(world, "s2");
  // Two that claim one host: it stays with the one that was there before.
  await namespace.annotate("bad", { host: "s1.example.org" });
  const events = await until(async () => {
    const events = await namespace.events("bad");
    return events.length > 1 && events;
  }, { what: "the second event" });
  assert.ok(events.some(({ message }) => message === `s1.example.org is taken by pod ${namespace.name}/good`));
  assert.equal((await world.api.request("GET", "/xds/tasks/s2")).status, 404);
});

testWithKubernetes("a pod's session is the pod's: the API lists it and leaves it alone", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ config: namespace.config, envoys: 0 });
  const backend = { address: "127.0.0.93", port: 1 };
  await world.api.register({ id: "s2", backend });
  await namespace.addPod("p1", { says: { session: "s1" }, ip: "127.0.0.91" });
  await namespace.addPod("p2", { says: { session: "s2" }, ip: "127.0.0.92" });
  await untilListed(world, "s1");
  for (
    const [method, path, body] of [
      ["POST", "/xds/tasks", { id: "s1", ...backend }],
      ["DELETE", "/xds/tasks/s1", undefined],
      ["POST", "/xds/tasks", { id: "s3", host: "s1.example.org", ...backend }],
    ] as const
  ) {
    assert.equal((await world.api.request(method, path, body)).status, 409, `${method} ${path}`);
  }
  // The registered session was there first, a restart changes nothing in that, and the pod comes to it at last.
  await until(async () => (await namespace.events("p2")).length > 0, { what: "the event" });
  const owner = async () => ((await world.api.request("GET", "/xds/tasks/s2")).body as { owner?: string }).owner;
  await world.signalbox.kill();
  await world.startSignalbox();
  assert.equal(await owner(), undefined);
  await untilListed(world, "s1");
  await world.api.remove("s2");
  await until(async () => await owner() === `pod ${namespace.name}/p2`, { what: "the pod's session" });
});

testWithKubernetes(
  "an IP that a newer pod has is the older one's no more, whatever that one's status says",
  async (server) => {
    await using namespace = await createNamespace(server);
    await using world = await createWorld({ store: "memory", config: namespace.config });
    const { address: ip, port } = await world.addBackend("a");
    await namespace.addPod("p1", { says: { session: "s1" }, port, ip, startedAt: 1_000 });
    await world.untilAnswered("s1.example.org", "a");
    await namespace.addPod("p2", { says: { session: "s2" }, port, ip, startedAt: 2_000 });
    await world.untilAnswered("s2.example.org", "a");
    const late = await world.call("s1.example.org");
    assert.ok(!late.ok, "the route to the new pod is there, and the old session's route to it is too");
    // Late news of the old pod change nothing.
    await namespace.annotate("p1", { host: "late.example.org" });
    await until(async () => (await namespace.events("p1")).some(({ reason }) => reason === "AddressTaken"), {
      what: "the event",
    });
    await world.untilUnknown("late.example.org");
    await namespace.deletePod("p2");
    await world.untilAnswered("late.example.org", "a");
  },
);
