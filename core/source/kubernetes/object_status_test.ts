import assert from "node:assert/strict";
import type { RequestOptions } from "../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../kubernetes/kubernetes_error.ts";
import type { ObjectCondition, SessionObject } from "../../store/session_object.ts";
import { FakeTime } from "../testdata/fake_time.ts";
import { sampleSession } from "../testdata/registrar_bed.ts";
import type { FleetDelivery } from "./fleet_receipts.ts";
import { ObjectStatus } from "./object_status.ts";
import { FleetDouble, LIVE, NOBODY, PENDING, REJECTED } from "./testdata/fleet_double.ts";

const session = sampleSession("s1", {
  backends: [{ address: "10.0.0.1", port: 80, weight: 1 }, { address: "::1", port: 81, weight: 2 }],
});
const served = { accepted: true, session } as const;

function object(generation = 1, conditions: readonly ObjectCondition[] = []): SessionObject {
  return {
    ...{ uid: "u1", namespace: "ns", name: "s1", resourceVersion: "1", generation, createdAtMs: 0, annotated: false },
    conditions,
    parsed: { ok: true, session },
  };
}

interface Written {
  readonly metadata: { readonly uid: string };
  readonly status: { readonly host: unknown; readonly backends: unknown; readonly conditions: ObjectCondition[] };
}

/** One replica, whose Envoys and those of others are where the `fleet` says. */
function bed({ leads = true }: { readonly leads?: boolean } = {}) {
  const time = new FakeTime();
  const fleet = new FleetDouble();
  const written: Written[] = [];
  const answers: { status: number | undefined } = { status: undefined };
  let version = 1;
  const status = new ObjectStatus({
    client: {
      request(path, { body }: RequestOptions = {}) {
        assert.equal(path, "/apis/signalbox.dev/v1alpha1/namespaces/ns/sessions/s1/status");
        if (answers.status !== undefined) {
          return Promise.reject(new KubernetesError("no", { status: answers.status }));
        }
        written.push(body as Written);
        return Promise.resolve({ metadata: { resourceVersion: String(++version) } });
      },
    },
    fleet,
    clock: time,
    timers: time,
  });
  if (leads) status.lead(true);
  const said = () =>
    written.map(({ status: { conditions } }) => conditions.map(({ type, status }) => `${type} ${status}`).join(", "));
  return {
    ...{ time, fleet, written, answers, status, said },
    async become(delivery: FleetDelivery) {
      fleet.become(delivery);
      await time.settle();
    },
  };
}

Deno.test("ObjectStatus says in one write that a session is accepted and live", async () => {
  const { fleet, time, written, status, said, become } = bed();
  status.review(object(), served);
  await time.settle();
  assert.deepEqual([...fleet.asked], [["u1/1", { session: { id: "s1" } }]]);
  await become(LIVE);
  assert.deepEqual(said(), ["Accepted True, Live True, Rejected False"]);
  const [{ metadata, status: { host, backends } } = assert.fail()] = written;
  assert.deepEqual([metadata.uid, host, backends], ["u1", "s1.example.org", "10.0.0.1:80, [::1]:81"]);
  // Its own echo, and whoever leads next, find nothing to do.
  const conditions = written[0]?.status.conditions ?? [];
  status.review(object(1, conditions), served);
  status.lead(false);
  status.lead(true);
  await time.advance(120_000);
  assert.deepEqual([written.length, fleet.asked.size], [1, 0]);
});

Deno.test("ObjectStatus names the Service that a session leads to, not its endpoints", async () => {
  const { status, time, written, become } = bed();
  const service = { namespace: "sandboxes", name: "web", port: 8080 };
  status.review(object(), { accepted: true, session: { ...session, service } });
  await time.settle();
  await become(LIVE);
  assert.deepEqual(written.map(({ status: { backends } }) => backends), ["service sandboxes/web:8080"]);
});

Deno.test("ObjectStatus says what is missing, and when it has come", async () => {
  const { time, written, status, said, become } = bed();
  await become(NOBODY);
  status.review(object(), served);
  await time.advance(1_999);
  assert.deepEqual(said(), []);
  await time.advance(1);
  await become(PENDING);
  await time.advance(59_999);
  assert.deepEqual(said(), ["Accepted True, Live Unknown, Rejected False"]);
  await time.advance(1);
  await become(LIVE);
  assert.deepEqual(said().slice(1), [
    "Accepted True, Live False, Rejected False",
    "Accepted True, Live True, Rejected False",
  ]);
  assert.match(written[1]?.status.conditions[1]?.message ?? "", /envoy-1 \(pending\)/);
});

Deno.test("ObjectStatus says which Envoy rejects a session, and when none does any more", async () => {
  const { time, written, status, said, become } = bed();
  status.review(object(), served);
  await become(REJECTED);
  assert.deepEqual(said(), ["Accepted True, Live False, Rejected True"]);
  assert.match(written[0]?.status.conditions[2]?.message ?? "", /envoy-1 rejects cluster s1: no/);
  await become(LIVE);
  assert.equal(said().at(-1), "Accepted True, Live True, Rejected False");
  await time.advance(120_000);
  assert.equal(written.length, 2);
});

Deno.test("ObjectStatus asks and does not write, until it leads", async () => {
  const { fleet, time, status, said, become } = bed({ leads: false });
  status.review(object(), served);
  await become(LIVE);
  await time.advance(120_000);
  assert.deepEqual([said(), fleet.asked.size], [[], 1]);
  status.lead(true);
  await time.settle();
  assert.deepEqual(said(), ["Accepted True, Live True, Rejected False"]);
});

Deno.test("ObjectStatus says of each generation why it is not accepted, and takes the place of a session back", async () => {
  const { time, written, status } = bed();
  const refused = { accepted: false, reason: "InvalidSession", message: "spec.port is required" } as const;
  status.review(object(1), refused);
  await time.settle();
  status.review(object(2), refused);
  await time.settle();
  assert.deepEqual(written.map(({ status: { conditions } }) => conditions[0]?.observedGeneration), [1, 2]);
  const [first] = written;
  assert.deepEqual([first?.status.host, first?.status.backends], [null, null]);
  assert.equal(first?.status.conditions[0]?.message, "spec.port is required");
});

Deno.test("ObjectStatus heeds a spec that is older than its own word, and not the status that came with it", async () => {
  const { fleet, time, written, status, become } = bed();
  status.review(object(1), served);
  await become(LIVE);
  status.review(object(2), served);
  await time.settle();
  assert.deepEqual(written.map(({ status: { conditions } }) => conditions[1]?.observedGeneration), [1, 2]);
  status.review(object(2), served);
  await time.settle();
  assert.deepEqual([written.length, fleet.asked.size], [2, 0]);
});

Deno.test("ObjectStatus leaves what is not written when the replica leads no more, or the object is gone", async () => {
  for (const end of [(status: ObjectStatus) => status.lead(false), (status: ObjectStatus) => status.forget("u1")]) {
    const { time, written, answers, status, become } = bed();
    answers.status = 503;
    status.review(object(), served);
    await become(LIVE);
    end(status);
    answers.status = undefined;
    await time.advance(10_000);
    assert.equal(written.length, 0);
  }
});
