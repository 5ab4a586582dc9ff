import assert from "node:assert/strict";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { createWorld, type World } from "./harness.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createNamespace, type TestNamespace } from "./kubernetes_namespace.ts";

testWithKubernetes("a pod's gate opens when every Envoy has its route, and closes when none has", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config, envoys: 2 });
  const { address: ip, port } = await world.addBackend("a");
  const pod = { says: { session: "s1" }, port, ip, gated: true, waitsForGate: true };
  await namespace.addPod("p1", pod);
  const live = await namespace.untilRoutable("p1", "True");
  assert.deepEqual(live, {
    type: "signalbox.dev/routable",
    status: "True",
    reason: "Live",
    message: "every Envoy has its route",
  });
  // Without any waiting: that is what it says.
  for (const envoy of [0, 1]) assert.ok((await world.call("s1.example.org", envoy)).ok);

  const second = world.envoys[1];
  second?.freeze();
  await namespace.addPod("p2", { ...pod, says: { session: "s2" }, hostNetwork: true });
  const pending = await namespace.untilRoutable("p2", "False", "Pending");
  assert.match(pending.message ?? "", /^waits for envoy-2 \((pending|stuck)\)$/);
  second?.thaw();
  await namespace.untilRoutable("p2", "True");

  await namespace.deletePod("p1", { graceSeconds: 30 });
  await namespace.untilRoutable("p1", "False", "NotReady");
  for (const envoy of [0, 1]) assert.ok(!(await world.call("s1.example.org", envoy)).ok);
  // A pod that cannot have a route says why.
  await namespace.addPod("p3", { says: { session: "s3", port: "none" }, ip: "127.0.0.99", gated: true });
  assert.match((await namespace.untilRoutable("p3", "False")).message ?? "", /^signalbox.dev\/port must be a number/);
});

/**
 * One IP that is passed on from pod to pod, each of another session, while the old and the new session are called without
 * pause. A pod is taken down as the kubelet does it with a `preStop` hook that waits for the gate: when that has closed, its
 * process ends, and at once the IP is another's. Returns how many calls were answered, and those that were by the wrong one.
 */
async function passOn(
  { namespace, world, address, rounds }: {
    readonly namespace: TestNamespace;
    readonly world: World;
    readonly address: string;
    readonly rounds: number;
  },
): Promise<{ readonly answered: number; readonly wrong: readonly string[] }> {
  const port = freePort();
  const wrong: string[] = [];
  let answered = 0;
  const loads: { running: boolean; readonly ended: Promise<void> }[] = [];
  const call = (session: string) => {
    const load = { running: true, ended: Promise.resolve() };
    load.ended = (async () => {
      using client = world.client(`${session}.example.org`);
      while (load.running) {
        const result = await client.say({ text: "hello" });
        if (!result.ok) continue;
        answered++;
        if (result.reply.backend !== session) wrong.push(`${session} was answered by ${result.reply.backend}`);
      }
    })();
    loads.push(load);
  };
  const endLoads = async (keep: number) => {
    const ending = loads.splice(0, loads.length - keep);
    for (const load of ending) load.running = false;
    await Promise.all(ending.map(({ ended }) => ended));
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const session = `${address.replaceAll(".", "-")}-${round}`;
      const backend = await createEchoBackend({ name: session, address, port });
      await namespace.addPod(session, { says: { session }, port, ip: address, gated: true, waitsForGate: true });
      call(session);
      await namespace.untilRoutable(session, "True");
      const first = await world.call(`${session}.example.org`);
      assert.ok(first.ok && first.reply.backend === session, JSON.stringify(first));
      await namespace.deletePod(session, { graceSeconds: 30 });
      await namespace.untilRoutable(session, "False");
      await backend.kill();
      await namespace.deletePod(session);
      // The one before is called on, while the next pod has its IP.
      await endLoads(1);
    }
  } finally {
    await endLoads(0);
  }
  return { answered, wrong };
}

testWithKubernetes("an IP is passed on 500 times under load, and no call reaches the wrong session", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config, tls: false });
  const lanes = ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"];
  const reports = await Promise.all(lanes.map((address) => passOn({ namespace, world, address, rounds: 125 })));
  for (const { answered, wrong } of reports) {
    assert.deepEqual(wrong, []);
    assert.ok(answered >= 125, `${answered} calls were answered`);
  }
});
