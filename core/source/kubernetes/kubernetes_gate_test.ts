import assert from "node:assert/strict";
import type { RequestOptions } from "../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../kubernetes/kubernetes_error.ts";
import { FakeTime } from "../testdata/fake_time.ts";
import type { FleetDelivery } from "./fleet_receipts.ts";
import type { GateCondition } from "./gate_condition.ts";
import { ReadinessGate, type Wish } from "./kubernetes_gate.ts";
import { parsePod, type Pod } from "./kubernetes_pod.ts";
import { FleetDouble, LIVE, NOBODY, PENDING, REJECTED } from "./testdata/fleet_double.ts";

const ROUTABLE: Wish = { routable: true, session: { id: "s1" } };
const NOT_READY: Wish = { routable: false, reason: "NotReady", message: "it takes no calls" };
const INVALID: Wish = { routable: false, reason: "InvalidSession", message: "no port" };

/** One replica, and an API server that has a pod with the gate. */
function bed({ leads = true }: { readonly leads?: boolean } = {}) {
  const time = new FakeTime();
  const fleet = new FleetDouble();
  const written: GateCondition[] = [];
  let version = 1;
  let condition: GateCondition | undefined;
  const server = { status: undefined as number | undefined };
  const object = () => ({
    metadata: {
      ...{ uid: "u1", namespace: "ns", name: "p1", creationTimestamp: "2026-01-01T00:00:00Z" },
      resourceVersion: String(version),
    },
    spec: { containers: [], readinessGates: [{ conditionType: "signalbox.dev/routable" }] },
    status: { conditions: condition ? [{ type: "signalbox.dev/routable", ...condition }] : [] },
  });
  const gate = new ReadinessGate({
    client: {
      request(path, { body }: RequestOptions = {}) {
        assert.equal(path, "/api/v1/namespaces/ns/pods/p1/status");
        if (server.status !== undefined) {
          return Promise.reject(new KubernetesError("no", { status: server.status }));
        }
        const { metadata, status } = body as ReturnType<typeof object>;
        assert.equal(metadata.uid, "u1");
        const [{ status: to, reason, message } = assert.fail("no condition")] = status.conditions as GateCondition[];
        condition = { status: to, reason, message };
        written.push(condition);
        version++;
        return Promise.resolve(object());
      },
    },
    receipts: { lastStep: 7 },
    fleet,
    timers: time,
    clock: time,
  });
  const pod = (): Pod => parsePod(object()) ?? assert.fail("no pod");
  if (leads) gate.lead(true);
  return {
    ...{ time, fleet, gate, server, pod },
    /** What was written since it was last asked, in short. */
    said: () => written.splice(0).map(({ status, reason }) => `${status} ${reason}`),
    /** What the condition says. */
    message: () => condition?.message,
    async become(delivery: FleetDelivery) {
      fleet.become(delivery);
      await time.settle();
    },
    /** The pod as it is, or as another has written it, is heard of. */
    async hear(wish: Wish, by?: GateCondition) {
      if (by) {
        condition = by;
        version++;
      }
      gate.review(pod(), wish);
      await time.settle();
    },
  };
}

Deno.test("ReadinessGate opens when all have the route, once, and asks no more then", async () => {
  const { fleet, become, hear, said } = bed();
  await hear(ROUTABLE);
  assert.deepEqual([...fleet.asked], [["u1", { session: { id: "s1" } }]]);
  assert.deepEqual(said(), []);
  await become(LIVE);
  assert.deepEqual(said(), ["True Live"]);
  await hear(ROUTABLE);
  assert.deepEqual([said(), fleet.asked.size], [[], 0]);
});

Deno.test("ReadinessGate closes when none has the route any more", async () => {
  const { fleet, become, hear, said } = bed();
  await hear(ROUTABLE, { status: "True" });
  await hear(NOT_READY);
  assert.deepEqual([...fleet.asked], [["gone/u1", { step: 7 }]]);
  assert.deepEqual(said(), []);
  await become(LIVE);
  assert.deepEqual(said(), ["False NotReady"]);
  await hear(NOT_READY);
  assert.equal(fleet.asked.size, 0);
});

Deno.test("ReadinessGate says nothing of a pod that is only starting, and at once what is wrong with one", async () => {
  const { fleet, hear, said } = bed();
  await hear(NOT_READY);
  await hear(INVALID);
  assert.deepEqual(said(), ["False InvalidSession"]);
  assert.equal(fleet.asked.size, 0, "no Envoy need be asked");
});

Deno.test("ReadinessGate says what it waits for after 5 seconds, and no more often", async () => {
  const { time, become, hear, said, message } = bed();
  await hear(ROUTABLE);
  await time.advance(4_999);
  assert.deepEqual(said(), []);
  await time.advance(1);
  assert.deepEqual([said(), message()], [["False Pending"], "waits for envoy-1 (pending)"]);
  await become({ ...PENDING, own: LIVE.own, unanswered: ["b"] });
  assert.deepEqual(said(), []);
  await time.advance(5_000);
  assert.deepEqual([said(), message()], [["False Pending"], "waits for Envoys of replica b"]);
  await become(NOBODY);
  await time.advance(5_000);
  assert.deepEqual([said(), message()], [["False Pending"], "no Envoy is connected"]);
  await become({ ...REJECTED, rejections: ["Envoy b rejects it"] });
  assert.deepEqual([said(), message()], [
    ["False RejectedByEnvoy"],
    "Envoy envoy-1 rejects cluster s1: no. Envoy b rejects it",
  ]);
  await become(LIVE);
  assert.deepEqual(said(), ["True Live"]);
});

Deno.test("ReadinessGate asks and does not write, until it leads", async () => {
  const { fleet, gate, time, become, hear, said } = bed({ leads: false });
  await hear(ROUTABLE);
  await become(LIVE);
  await time.advance(20_000);
  assert.deepEqual([said(), fleet.asked.size], [[], 1]);
  gate.lead(true);
  await time.settle();
  assert.deepEqual(said(), ["True Live"]);
  gate.lead(false);
  await hear(NOT_READY);
  await time.advance(20_000);
  assert.deepEqual(said(), []);
});

Deno.test("ReadinessGate puts right what another has written, and heeds nothing that is older than its own word", async () => {
  const { gate, pod, become, hear, said } = bed();
  const before = pod();
  await hear(ROUTABLE);
  await become(LIVE);
  assert.deepEqual(said(), ["True Live"]);
  gate.review(before, ROUTABLE);
  await become(LIVE);
  assert.deepEqual(said(), []);
  await hear(ROUTABLE, { status: "False", reason: "Pending", message: "no Envoy is connected" });
  assert.deepEqual(said(), ["True Live"]);
});

Deno.test("ReadinessGate writes when the API server is back, unless it leads no more", async () => {
  for (const leads of [true, false]) {
    const { server, gate, time, become, hear, said } = bed();
    server.status = 503;
    await hear(ROUTABLE);
    await become(LIVE);
    gate.lead(leads);
    server.status = undefined;
    await time.advance(30_000);
    assert.deepEqual(said(), leads ? ["True Live"] : []);
  }
});

Deno.test("ReadinessGate leaves what was refused until there is something else to say", async () => {
  const { server, time, become, hear, said } = bed();
  server.status = 422;
  await hear(ROUTABLE);
  await become(LIVE);
  server.status = undefined;
  await become(LIVE);
  await time.advance(30_000);
  assert.deepEqual(said(), []);
  await hear(INVALID);
  assert.deepEqual(said(), ["False InvalidSession"]);
});

Deno.test("ReadinessGate forgets a pod that is gone", async () => {
  const { fleet, gate, time, become, hear, said } = bed();
  await hear(ROUTABLE);
  gate.forget("u1");
  await become(LIVE);
  await time.advance(30_000);
  assert.deepEqual([said(), fleet.asked.size], [[], 0]);
});
