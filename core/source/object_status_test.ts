import assert from "node:assert/strict";
import type { RequestOptions } from "../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../kubernetes/kubernetes_error.ts";
import type { Delivery } from "../observe/deliveries.ts";
import type { ObjectCondition, SessionObject } from "../store/session_object.ts";
import { ObjectStatus } from "./object_status.ts";
import { FakeTime } from "./testdata/fake_time.ts";
import { sampleSession } from "./testdata/registrar_bed.ts";

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

const ENVOY = { node: "envoy-1", group: "default" } as const;
const LIVE: Delivery = { state: "live", envoys: [{ ...ENVOY, state: "live" }] };
const PENDING: Delivery = { state: "pending", envoys: [{ ...ENVOY, state: "pending" }] };
const NOBODY: Delivery = { state: "pending", envoys: [] };
const REJECTED: Delivery = {
  state: "rejected",
  envoys: [{ ...ENVOY, state: "rejected", rejection: { resource: "s1", type: "cluster", message: "no" } }],
};

/** `deliveries`: what each wait for the session ends with; the last one never ends. */
function bed(deliveries: readonly Delivery[]) {
  const time = new FakeTime();
  const written: Written[] = [];
  const waits: number[] = [];
  const answers: { status: number | undefined } = { status: undefined };
  const status = new ObjectStatus({
    client: {
      request(path, { body }: RequestOptions = {}) {
        assert.equal(path, "/apis/signalbox.dev/v1alpha1/namespaces/ns/sessions/s1/status");
        if (answers.status !== undefined) {
          return Promise.reject(new KubernetesError("no", { status: answers.status }));
        }
        written.push(body as Written);
        return Promise.resolve({});
      },
    },
    receipts: {
      waitForSession(_, timeoutMs) {
        const delivery = deliveries[waits.push(timeoutMs) - 1];
        return delivery ? Promise.resolve(delivery) : new Promise(() => {});
      },
    },
    clock: time,
    timers: time,
  });
  const said = () =>
    written.map(({ status: { conditions } }) => conditions.map(({ type, status }) => `${type} ${status}`).join(", "));
  return { time, written, waits, answers, status, said };
}

Deno.test("ObjectStatus says in one write that a session is accepted and live", async () => {
  const { time, written, status, said } = bed([LIVE]);
  status.review(object(), served);
  await time.settle();
  assert.deepEqual(said(), ["Accepted True, Live True, Rejected False"]);
  const [{ metadata, status: { host, backends } } = assert.fail()] = written;
  assert.deepEqual([metadata.uid, host, backends], ["u1", "s1.example.org", "10.0.0.1:80, [::1]:81"]);
  // Its own echo, and whoever leads next, find nothing to do.
  const conditions = written[0]?.status.conditions ?? [];
  status.review(object(1, conditions), served);
  status.stop();
  status.review(object(1, conditions), served);
  await time.settle();
  assert.equal(written.length, 1);
});

Deno.test("ObjectStatus says what is missing, and when it has come", async () => {
  const { time, written, waits, status, said } = bed([NOBODY, PENDING, LIVE]);
  status.review(object(), served);
  await time.settle();
  assert.deepEqual(said(), [
    "Accepted True, Live Unknown, Rejected False",
    "Accepted True, Live False, Rejected False",
    "Accepted True, Live True, Rejected False",
  ]);
  assert.deepEqual(waits, [2_000, 60_000, 60_000]);
  assert.match(written[1]?.status.conditions[1]?.message ?? "", /envoy-1 \(pending\)/);
});

Deno.test("ObjectStatus says which Envoy rejects a session, and looks again", async () => {
  const { time, written, status, said } = bed([REJECTED, LIVE]);
  status.review(object(), served);
  await time.settle();
  assert.deepEqual(said(), ["Accepted True, Live False, Rejected True"]);
  assert.match(written[0]?.status.conditions[2]?.message ?? "", /envoy-1 rejects cluster s1: no/);
  await time.advance(60_000);
  assert.equal(said().at(-1), "Accepted True, Live True, Rejected False");
});

Deno.test("ObjectStatus says of each generation why it is not accepted, and takes the place of a session back", async () => {
  const { time, written, status } = bed([]);
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

Deno.test("ObjectStatus leaves what is not written when the replica leads no more, or the object is gone", async () => {
  for (const end of [(status: ObjectStatus) => status.stop(), (status: ObjectStatus) => status.forget("u1")]) {
    const { time, written, answers, status } = bed([LIVE]);
    answers.status = 503;
    status.review(object(), served);
    await time.settle();
    end(status);
    answers.status = undefined;
    await time.advance(10_000);
    assert.equal(written.length, 0);
  }
});
