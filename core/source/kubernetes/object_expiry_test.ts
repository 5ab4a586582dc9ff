import assert from "node:assert/strict";
import type { ObjectChange, WriteFailure } from "../../store/kubernetes_store.ts";
import type { SessionObject } from "../../store/session_object.ts";
import { FakeTime } from "../testdata/fake_time.ts";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { ObjectExpiry } from "./object_expiry.ts";

function bed() {
  const time = new FakeTime();
  const start = time.now();
  const objects = new Map<string, SessionObject>();
  const deleted: string[] = [];
  const answers: { failure: WriteFailure | undefined } = { failure: undefined };
  const store = {
    objects,
    write(changes: readonly ObjectChange[]) {
      const failures = new Map<string, WriteFailure>();
      for (const change of changes) {
        assert.ok(change.kind === "expire");
        const { name, uid } = change.object;
        deleted.push(`${name} ${time.now() - start}`);
        if (answers.failure) failures.set(name, answers.failure);
        else {
          objects.delete(uid);
          expiry.takeIn(new Map([[uid, undefined]]));
        }
      }
      return Promise.resolve(failures);
    },
  };
  const expiry: ObjectExpiry = new ObjectExpiry({ store, clock: time, timers: time });
  const put = (name: string, inMs: number) => {
    const session = sampleSession(name);
    const object: SessionObject = {
      uid: `u-${name}`,
      namespace: "ns",
      name,
      resourceVersion: "1",
      generation: 1,
      createdAtMs: 0,
      annotated: false,
      conditions: [],
      parsed: { ok: true, session },
      expiresAtMs: start + inMs,
    };
    objects.set(object.uid, object);
    expiry.takeIn(new Map([[object.uid, object]]));
  };
  return { time, expiry, deleted, answers, put };
}

Deno.test("ObjectExpiry deletes what is over at its time, while this replica leads", async () => {
  const { time, expiry, deleted, put } = bed();
  put("a", 20_000);
  put("b", 30_000);
  expiry.lead(true);
  await time.advance(29_999);
  assert.deepEqual(deleted, ["a 20000"]);
  expiry.lead(false);
  await time.advance(60_000);
  assert.deepEqual(deleted, ["a 20000"]);
  expiry.lead(true);
  await time.advance(10_000);
  assert.deepEqual(deleted, ["a 20000", "b 94999"], "nothing is lost, and who begins to lead lets others renew first");
});

Deno.test("ObjectExpiry leaves what is renewed", async () => {
  const { time, expiry, deleted, put } = bed();
  expiry.lead(true);
  put("a", 20_000);
  await time.advance(19_000);
  put("a", 40_000);
  await time.advance(20_000);
  assert.deepEqual(deleted, []);
  await time.advance(1_000);
  assert.deepEqual(deleted, ["a 40000"]);
});

Deno.test("ObjectExpiry tries again what the API server did not take", async () => {
  const { time, expiry, deleted, answers, put } = bed();
  answers.failure = "conflict";
  expiry.lead(true);
  put("a", 20_000);
  await time.advance(20_000);
  answers.failure = undefined;
  await time.advance(1_000);
  assert.deepEqual(deleted, ["a 20000", "a 21000"]);
});
