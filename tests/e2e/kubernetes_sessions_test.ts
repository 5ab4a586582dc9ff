import assert from "node:assert/strict";
import { until } from "../../core/dev/until.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createReplicas } from "./kubernetes_replicas.ts";

testWithKubernetes(
  "a session that one replica is told of is live on the other's Envoys, and so is its end",
  async (server) => {
    await using bed = await createReplicas(server);
    const { world, replicas: [first, second] } = bed;
    const a = await world.addBackend("a");
    const b = await world.addBackend("b");
    const body = { id: "s1", address: a.address, port: a.port };
    assert.equal((await first.api.request("POST", "/xds/tasks?wait=live", body)).status, 201);
    assert.ok((await world.call("s1.example.org", 0)).ok);
    await world.untilAnswered("s1.example.org", "a", { envoy: 1 });
    // Each answers as one alone would.
    assert.equal((await second.api.request("POST", "/xds/tasks", body)).status, 200);
    const taken = await second.api.request("POST", "/xds/tasks", { ...body, id: "s2", host: "s1.example.org" });
    assert.equal(taken.status, 409);
    const moved = await second.api.request("PUT", "/xds/tasks/s1?wait=live", { address: b.address, port: b.port });
    assert.equal(moved.status, 200);
    await world.untilAnswered("s1.example.org", "b", { envoy: 0 });
    assert.equal((await first.api.request("DELETE", "/xds/tasks/s1")).status, 200);
    assert.equal((await first.api.request("DELETE", "/xds/tasks/s1")).status, 404);
    await until(async () => (await second.api.request("GET", "/xds/tasks/s1")).status === 404, {
      what: "the end of s1",
    });
    assert.equal(await bed.read("s1"), undefined);
  },
);

testWithKubernetes("a batch is carried out in one go, and each of its items has its own answer", async (server) => {
  await using bed = await createReplicas(server);
  const { world, replicas: [first, second] } = bed;
  const { address, port } = await world.addBackend("a");
  await first.api.request("POST", "/xds/tasks", { id: "old", host: "h.example.org", address, port });
  await until(async () => (await second.api.request("GET", "/xds/tasks/old")).status === 200, { what: "old" });
  const { status, body } = await second.api.request("POST", "/xds/tasks:batch", {
    delete: ["old", "none"],
    tasks: [{ id: "new", host: "h.example.org", address, port }, { id: "bad", address, port: 0 }],
  });
  assert.equal(status, 200);
  const { delete: deleted, tasks } = body as Record<"delete" | "tasks", readonly { readonly status: number }[]>;
  assert.deepEqual([...deleted, ...tasks].map(({ status }) => status), [200, 404, 201, 422]);
  await world.untilAnswered("h.example.org", "a");
});

testWithKubernetes("replicas that change one session at once both succeed, one after the other", async (server) => {
  await using bed = await createReplicas(server);
  const { world, replicas } = bed;
  const { address, port } = await world.addBackend("a");
  const puts = Array.from({ length: 40 }, (_, index) => {
    const api = replicas[index % 2]?.api;
    return api?.request("PUT", "/xds/tasks/s1", { address, port, labels: { turn: String(index) } });
  });
  const statuses = (await Promise.all(puts)).map((answer) => answer?.status);
  assert.equal(statuses.filter((status) => status === 201).length, 1, String(statuses));
  assert.equal(statuses.filter((status) => status === 200).length, 39, String(statuses));
});

testWithKubernetes("an object of kubectl is served, says what became of it, and reads well", async (server) => {
  await using bed = await createReplicas(server);
  const { world } = bed;
  const a = await world.addBackend("a");
  const spec = { address: a.address, port: a.port };
  await bed.create("s1", spec);
  await world.untilAnswered("s1.example.org", "a", { envoy: 0 });
  await world.untilAnswered("s1.example.org", "a", { envoy: 1 });
  assert.equal(await bed.untilCondition("s1", "Live", "True"), "every Envoy has its route");
  const { status } = await bed.read("s1") ?? {};
  assert.deepEqual([status?.host, status?.backends], ["s1.example.org", `${a.address}:${a.port}`]);
  await bed.untilCondition("s1", "Rejected", "False");

  // What a schema cannot say is said by the status, and nothing of it is served.
  await bed.create("s2", { ...spec, address: "pod-1.example.org", groups: ["nowhere"] });
  assert.match(await bed.untilCondition("s2", "Accepted", "False"), /^spec\.address must be an IP address/);
  await bed.create("s3", { ...spec, host: "s1.example.org" });
  assert.match(await bed.untilCondition("s3", "Accepted", "False"), /s1\.example\.org is taken by session .*\/s1$/);
  await bed.patch("s2", spec);
  await until(async () => /^spec\.groups\[0\] there is no/.test(await bed.untilCondition("s2", "Accepted", "False")), {
    what: "the next problem",
  });
  await bed.patch("s2", { groups: null });
  await world.untilAnswered("s2.example.org", "a", { envoy: 1 });
  await bed.untilCondition("s2", "Accepted", "True");
  await bed.patch("s2", { port: 0 }).then(() => assert.fail("the schema refuses it"), (error) => {
    assert.match(String(error), /spec\.port/);
  });
  await bed.patch("s2", { address: "0.0.0.0" });
  await world.untilUnknown("s2.example.org");
  // Who had to wait for the host gets it.
  await bed.remove("s1");
  await bed.untilCondition("s3", "Accepted", "True");
  await world.untilAnswered("s1.example.org", "a", { envoy: 1 });
});

testWithKubernetes("a Session is live when the Envoys of both replicas have it, whichever leads", async (server) => {
  await using bed = await createReplicas(server);
  const { world } = bed;
  const { address, port } = await world.addBackend("a");
  for (const [index, envoy] of world.envoys.entries()) {
    const name = `without-${index}`;
    envoy.freeze();
    await bed.create(name, { address, port });
    const message = await bed.untilCondition(name, "Live", "False");
    assert.match(message, new RegExp(`^waits for (envoy-${index + 1} \\(\\w+\\)|Envoys of replica \\S+)$`));
    envoy.thaw();
    await bed.untilCondition(name, "Live", "True");
    for (const every of [0, 1]) assert.ok((await world.call(`${name}.example.org`, every)).ok);
  }
});
