import assert from "node:assert/strict";
import { until } from "../../core/dev/until.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createReplicas, type Replica, type Replicas } from "./kubernetes_replicas.ts";

const leads = ({ process }: Replica) => process.records.some(({ message }) => message === "This replica leads");

/** A ready pod with the gate, of the session of its name. */
async function addPod({ namespace, world }: Replicas, name: string): Promise<void> {
  const { address: ip, port } = await world.addBackend(name);
  await namespace.addPod(name, { says: { session: name }, port, ip, gated: true, waitsForGate: true });
}

/** One call each on every Envoy, without any waiting. */
async function answersEverywhere({ world }: Replicas, name: string): Promise<boolean> {
  const results = await Promise.all(world.envoys.map((_, envoy) => world.call(`${name}.example.org`, envoy)));
  return results.every((result) => result.ok && result.reply.backend === name);
}

async function versionOf({ namespace: { client, name } }: Replicas, pod: string): Promise<string> {
  const read = await client.request(`/api/v1/namespaces/${name}/pods/${pod}`) as {
    readonly metadata: { readonly resourceVersion: string };
  };
  return read.metadata.resourceVersion;
}

/** Adds a pod that waits so long for an Envoy that all replicas have lost their patience, with any other pod as well. */
async function addSlowly(bed: Replicas, name: string): Promise<void> {
  const { namespace, world: { envoys: [envoy] } } = bed;
  envoy?.freeze();
  await addPod(bed, name);
  await namespace.untilRoutable(name, "False", "Pending");
  envoy?.thaw();
  await namespace.untilRoutable(name, "True");
}

testWithKubernetes("a pod's gate opens when the Envoys of both replicas have its route", async (server) => {
  await using bed = await createReplicas(server, { pods: true });
  const { world, namespace, replicas } = bed;
  await addPod(bed, "together");
  await namespace.untilRoutable("together", "True");
  assert.ok(await answersEverywhere(bed, "together"));
  await until(() => replicas.some(leads), { what: "a leader" });
  // One of them is connected to the replica that leads, and the other is not.
  for (const [index, envoy] of world.envoys.entries()) {
    const name = `without-${index}`;
    envoy.freeze();
    await addPod(bed, name);
    const { message = "" } = await namespace.untilRoutable(name, "False", "Pending");
    const replica = replicas[index];
    assert.ok(replica);
    if (leads(replica)) assert.match(message, new RegExp(`^waits for envoy-${index + 1} \\((pending|stuck)\\)$`));
    else assert.match(message, /^waits for Envoys of replica \S+$/);
    envoy.thaw();
    await namespace.untilRoutable(name, "True");
    assert.ok(await answersEverywhere(bed, name));
  }
  const [envoy] = world.envoys;
  envoy?.freeze();
  await namespace.deletePod("together", { graceSeconds: 30 });
  await until(async () => !(await world.call("together.example.org", 1)).ok, { what: "the other Envoy to forget it" });
  assert.equal((await namespace.untilRoutable("together", "True")).reason, "Live", "one Envoy has it still");
  envoy?.thaw();
  await namespace.untilRoutable("together", "False", "NotReady");
  for (const index of [0, 1]) assert.ok(!(await world.call("together.example.org", index)).ok);
});

testWithKubernetes("a replica without Envoys closes no gate, and holds none shut", async (server) => {
  await using bed = await createReplicas(server, { pods: true });
  const { namespace, replicas: [first, second] } = bed;
  await addPod(bed, "before");
  await namespace.untilRoutable("before", "True");
  for (const [without, other] of [[second, first], [first, second]] as const) {
    without.door.turnTo(other.process.xdsPort);
    other.door.turnTo(other.process.xdsPort);
    other.door.cut();
    await without.process.stop();
    const version = await versionOf(bed, "before");
    await without.start();
    const name = without === first ? "without-first" : "without-second";
    await addSlowly(bed, name);
    assert.ok(await answersEverywhere(bed, name));
    assert.equal(await versionOf(bed, "before"), version, "nobody wrote to it");
  }
});

testWithKubernetes("gates open when the replica that leads is killed with kill -9", async (server) => {
  await using bed = await createReplicas(server, { pods: true });
  const { world, namespace, replicas } = bed;
  await addPod(bed, "before");
  await namespace.untilRoutable("before", "True");
  const leader = await until(() => replicas.find(leads), { what: "a leader" });
  const index = replicas.indexOf(leader);
  const other = replicas[1 - index];
  assert.ok(other);
  // In the middle: the leader knows that its own Envoy has the route, and waits for the other one's.
  world.envoys[1 - index]?.freeze();
  await addPod(bed, "during");
  await namespace.untilRoutable("during", "False", "Pending");
  const version = await versionOf(bed, "before");
  await leader.process.kill();
  leader.door.turnTo(other.process.xdsPort);
  world.envoys[1 - index]?.thaw();
  await addPod(bed, "after");
  for (const name of ["during", "after"]) {
    await namespace.untilRoutable(name, "True");
    assert.ok(await answersEverywhere(bed, name));
  }
  await leader.start();
  await addPod(bed, "again");
  await namespace.untilRoutable("again", "True");
  assert.ok(await answersEverywhere(bed, "again"));
  assert.equal(await versionOf(bed, "before"), version, "nobody wrote to it");
});
