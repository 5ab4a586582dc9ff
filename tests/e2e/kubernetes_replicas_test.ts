import assert from "node:assert/strict";
import { until } from "../../core/dev/until.ts";
import { difference, received } from "./envoy_counts.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createReplicas, type Replica } from "./kubernetes_replicas.ts";

const ids = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`);

async function readyz({ api }: Replica): Promise<string> {
  const { status, body } = await api.request("GET", "/readyz");
  return `${status} ${typeof body === "string" ? body : JSON.stringify(body)}`;
}

/** Whether the Envoy is connected to the replica and has the session from it. */
async function isLiveOn(node: string, id: string, { api }: Replica): Promise<boolean> {
  const { delivery } = (await api.request("GET", `/xds/tasks/${id}`)).body as {
    readonly delivery: { readonly envoys: readonly { readonly node: string; readonly state: string }[] };
  };
  return delivery.envoys.some((envoy) => envoy.node === node && envoy.state === "live");
}

testWithKubernetes(
  "kill -9 of a replica in the middle of 1,000 registrations loses none that was acknowledged",
  async (server) => {
    await using bed = await createReplicas(server);
    const { world, replicas: [first, second] } = bed;
    const backend = await world.addBackend("a");
    const acknowledged: string[] = [];
    const middle = Promise.withResolvers<void>();
    const queue = ids(1_000).values();
    const register = async (worker: number) => {
      for (const id of queue) {
        const { api } = worker % 2 === 0 ? first : second;
        try {
          await api.register({ id, backend });
        } catch {
          continue;
        }
        acknowledged.push(id);
        if (acknowledged.length === 500) middle.resolve();
      }
    };
    const workers = Array.from({ length: 16 }, (_, worker) => register(worker));
    await middle.promise;
    await first.process.kill();
    first.door.turnTo(second.process.xdsPort);
    await Promise.all(workers);
    assert.ok(acknowledged.length > 500, "the other one goes on");
    for (const envoy of [0, 1]) {
      // The last one first: what is sent comes in order.
      for (const id of acknowledged.toReversed()) {
        await world.untilAnswered(`${id}.example.org`, "a", { envoy, timeoutMs: 60_000 });
      }
    }
    // It is there for who comes back, too.
    await first.start();
    const sessions = await first.api.metric("signalbox_sessions");
    assert.ok(sessions !== undefined && sessions >= acknowledged.length, String(sessions));
  },
);

for (const mode of ["delta", "sotw"] as const) {
  testWithKubernetes(`an Envoy that moves to another replica is sent nothing (${mode})`, async (server) => {
    await using bed = await createReplicas(server, { mode });
    const { world, replicas: [first, second] } = bed;
    const [envoy] = world.envoys;
    assert.ok(envoy);
    const backend = await world.addBackend("a");
    // Each with a history of its own: the first one began later, and has seen some sessions come, change and go.
    for (const id of ids(20)) await second.api.register({ id, backend });
    await first.process.stop();
    await first.start();
    await second.api.request("PUT", "/xds/tasks/s3", { address: backend.address, port: backend.port, ttl: "1h" });
    await second.api.request("PUT", "/xds/tasks/s3", { address: backend.address, port: backend.port, ttl: "1h" });
    await world.untilAnswered("s0.example.org", "a");
    // Its cluster goes a little after its route.
    const removed = await first.api.request("DELETE", "/xds/tasks/s7?wait=live&timeout=20s");
    assert.equal(removed.status, 200, JSON.stringify(removed.body));
    for (const id of ids(20)) if (id !== "s7") await world.untilAnswered(`${id}.example.org`, "a");
    const before = await received(envoy);
    for (const replica of [second, first]) {
      first.door.turnTo(replica.process.xdsPort);
      first.door.cut();
      await until(() => isLiveOn("envoy-1", "s0", replica), { what: "the Envoy" });
    }
    // Comes after whatever the moves send.
    await second.api.register({ id: "after", backend });
    await world.untilAnswered("after.example.org", "a");
    const updates = difference(before, await received(envoy));
    assert.equal(updates["cluster_manager.cluster_added"], 1, JSON.stringify(updates));
    const successes = Object.entries(updates).filter(([name]) => name.endsWith("update_success"));
    assert.ok(successes.every(([, by]) => by === 1), JSON.stringify(updates));
  });
}

testWithKubernetes("a rolling restart of both replicas fails no call and loses no route", async (server) => {
  await using bed = await createReplicas(server);
  const { world, replicas } = bed;
  const backend = await world.addBackend("a");
  for (const id of ids(30)) await replicas[0].api.register({ id, backend });
  for (const envoy of [0, 1]) await world.untilAnswered("s29.example.org", "a", { envoy });
  const before = await Promise.all(world.envoys.map(received));
  await using load = world.load("s0.example.org");
  for (const [index, replica] of replicas.entries()) {
    const other = replicas[1 - index];
    assert.ok(other);
    replica.door.turnTo(other.process.xdsPort);
    await replica.process.stop();
    await other.api.register({ id: `during-${index}`, backend });
    for (const envoy of [0, 1]) await world.untilAnswered(`during-${index}.example.org`, "a", { envoy });
    await load.moreCalls(50);
    await replica.start();
    replica.door.turnTo(replica.process.xdsPort);
    replica.door.cut();
    await load.moreCalls(50);
  }
  for (const id of ids(30)) {
    for (const envoy of [0, 1]) await world.untilAnswered(`${id}.example.org`, "a", { envoy });
  }
  assert.deepEqual((await load.stop()).failures, []);
  for (const [index, envoy] of world.envoys.entries()) {
    const updates = difference(before[index] ?? {}, await received(envoy));
    assert.equal(updates["cluster_manager.cluster_added"], 2, JSON.stringify(updates));
    assert.equal(updates["cluster_manager.cluster_removed"], undefined, JSON.stringify(updates));
    assert.equal(updates["cluster_manager.cluster_modified"], undefined, JSON.stringify(updates));
  }
});

testWithKubernetes(
  "without the API server sessions are served, and writes are refused until it is back",
  async (server) => {
    await using bed = await createReplicas(server);
    const { world, namespace, replicas: [first, second] } = bed;
    const [envoy] = world.envoys;
    assert.ok(envoy);
    const backend = await world.addBackend("a");
    const { address, port } = backend;
    for (const id of ["stays", "goes"]) await first.api.register({ id, backend });
    for (const id of ["stays", "goes"]) await world.untilAnswered(`${id}.example.org`, "a");
    await bed.untilCondition("stays", "Accepted", "True");
    const before = await received(envoy);
    await using load = world.load("stays.example.org");
    namespace.proxy.shut();
    await until(async () => /^200 ok\ncannot follow sessions in namespace .* for \d+ s: /.test(await readyz(first)), {
      what: "readyz to say so",
    });
    const refused = await first.api.request("POST", "/xds/tasks", { id: "new", address, port });
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "1"]);
    assert.equal(Object(refused.body).code, "store_unavailable");
    const batch = await second.api.request("POST", "/xds/tasks:batch", { delete: ["goes"], tasks: [] });
    assert.equal(batch.status, 503);
    assert.equal((await first.api.request("GET", "/xds/tasks/stays")).status, 200);
    await load.moreCalls(50);
    await bed.remove("goes");
    namespace.proxy.open();
    await world.untilUnknown("goes.example.org");
    await until(async () => await readyz(first) === "200 ok\n", { what: "readyz to be well" });
    await until(
      async () => (await first.api.request("POST", "/xds/tasks", { id: "new", address, port })).status === 201,
      {
        what: "a write",
      },
    );
    await world.untilAnswered("new.example.org", "a");
    assert.deepEqual((await load.stop()).failures, []);
    const updates = difference(before, await received(envoy));
    assert.equal(updates["cluster_manager.cluster_added"], 1, JSON.stringify(updates));
    assert.equal(updates["cluster_manager.cluster_modified"], undefined, JSON.stringify(updates));
  },
);

testWithKubernetes("a ttl ends at its time whichever replica leads, and not while it is renewed", async (server) => {
  await using bed = await createReplicas(server);
  const { world, replicas } = bed;
  const { address, port } = await world.addBackend("a");
  const leads = ({ process }: Replica) => process.records.some(({ message }) => message === "This replica leads");
  const leader = await until(() => replicas.find(leads), { what: "a leader" });
  const other = replicas.find((replica) => replica !== leader);
  assert.ok(other);
  const ttlMs = 25_000;
  const registered = Date.now();
  for (const id of ["ends", "lives"]) {
    await leader.api.request("PUT", `/xds/tasks/${id}`, { address, port, ttl: "25s" });
  }
  await leader.process.kill();
  await until(() => leads(other), { timeoutMs: 30_000, what: "another leader" });
  await until(async () => {
    const renewed = await other.api.request("PUT", "/xds/tasks/lives", { address, port, ttl: "25s" });
    assert.equal(renewed.status, 200, "it ended though it was renewed");
    return (await other.api.request("GET", "/xds/tasks/ends")).status === 404;
  }, { timeoutMs: 60_000, intervalMs: 250, what: "the end" });
  assert.ok(Date.now() >= registered + ttlMs, "it ended before its time");
});
