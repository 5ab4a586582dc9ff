import assert from "node:assert/strict";
import { Deliveries } from "../observe/deliveries.ts";
import { Receipts } from "./receipts.ts";
import { FakeTime } from "./testdata/fake_time.ts";

const envoy = { id: 1, node: { id: "a" }, group: "default", dialect: "envoy" } as const;

function createBed() {
  const time = new FakeTime(0);
  const deliveries = new Deliveries();
  const changedAt = new Map<string, number>();
  const steps = {
    revision: 7,
    changedAt: (id: string) => changedAt.get(id),
    revisionOf: (generation: number) => generation <= 3 ? generation : undefined,
  };
  const receipts = new Receipts({ deliveries, steps, timers: time, nowMs: () => time.now() });
  deliveries.opened(envoy, 0);
  return { time, deliveries, changedAt, receipts };
}

Deno.test("ofSession() asks for the step that brought what the session is now", () => {
  const { deliveries, changedAt, receipts } = createBed();
  changedAt.set("s1", 5);
  deliveries.progressed(envoy, 5, 0);
  assert.equal(receipts.ofSession({ id: "s1" }).state, "live");
  // What is gone is gone when the Envoys have everything.
  assert.equal(receipts.ofSession({ id: "removed" }).state, "pending");
  deliveries.progressed(envoy, 7, 0);
  assert.equal(receipts.ofSession({ id: "removed" }).state, "live");
  assert.deepEqual(receipts.ofSession({ id: "s1", groups: ["other"] }), { state: "pending", envoys: [] });
});

Deno.test("waitForSession() answers when the session is live, or when the time is up", async () => {
  const { time, deliveries, changedAt, receipts } = createBed();
  changedAt.set("s1", 5);
  const live = receipts.waitForSession({ id: "s1" }, 2000);
  deliveries.progressed(envoy, 6, 0);
  assert.equal((await live).state, "live");

  changedAt.set("s1", 7);
  const late = receipts.waitForSession({ id: "s1" }, 2000);
  await time.advance(2000);
  assert.deepEqual(await late, { state: "pending", envoys: [{ node: "a", group: "default", state: "pending" }] });
});

Deno.test("waitForSession() waits for a session that leads nowhere until it leads somewhere, and that is live", async () => {
  const { deliveries, changedAt, receipts } = createBed();
  changedAt.set("s1", Infinity);
  deliveries.progressed(envoy, 7, 0);
  assert.equal(receipts.ofSession({ id: "s1" }).state, "pending");
  let isAnswered = false;
  const live = receipts.waitForSession({ id: "s1" }, 2000).finally(() => isAnswered = true);
  changedAt.set("s1", 9);
  deliveries.progressed(envoy, 8, 0);
  await Promise.resolve();
  assert.equal(isAnswered, false);
  deliveries.progressed(envoy, 9, 0);
  assert.equal((await live).state, "live");
});

Deno.test("waitForGeneration() knows no generation that is still to come", async () => {
  const { deliveries, receipts } = createBed();
  deliveries.progressed(envoy, 3, 0);
  assert.equal((await receipts.waitForGeneration(3, 0))?.state, "live");
  assert.equal(receipts.ofGeneration(2)?.state, "live");
  assert.equal(receipts.ofGeneration(4), undefined);
  assert.equal(await receipts.waitForGeneration(4, 0), undefined);
});
