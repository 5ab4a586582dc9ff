import assert from "node:assert/strict";
import { Deliveries, type Recipient, type Subject } from "./deliveries.ts";

const envoy = (id: number, node: string, group = "default"): Recipient => ({
  id,
  node: { id: node },
  group,
  dialect: "envoy",
});
const [a, b] = [envoy(1, "a"), envoy(2, "b")];
const rejection = { resource: "s1", type: "cluster", message: "no" };

const statesOf = (deliveries: Deliveries, subject: number | Subject, nowMs = 0) =>
  deliveries.delivery(typeof subject === "number" ? { revision: subject } : subject, nowMs).envoys.map((
    { node, state },
  ) => `${node} ${state}`);

Deno.test("delivery() is live when every Envoy has the step, and says when each had it", () => {
  const deliveries = new Deliveries();
  for (const each of [a, b]) {
    deliveries.opened(each, 0);
    deliveries.progressed(each, 1, 1);
  }
  deliveries.published(2, ["s1"], 100);
  deliveries.progressed(a, 2, 103.456);
  assert.deepEqual(deliveries.delivery({ revision: 2, sessionId: "s1" }, 200), {
    state: "pending",
    envoys: [
      { node: "a", group: "default", state: "live", ms: 3.46 },
      { node: "b", group: "default", state: "pending" },
    ],
  });
  deliveries.progressed(b, 3, 110);
  assert.deepEqual(deliveries.delivery({ revision: 2 }, 200).state, "live");
  assert.deepEqual(deliveries.delivery({ revision: 4 }, 200).state, "pending");
});

Deno.test("delivery() is pending without Envoys, and counts no client without a proxy", () => {
  const deliveries = new Deliveries();
  deliveries.opened({ ...envoy(1, "proxyless"), dialect: "grpc" }, 0);
  deliveries.progressed({ ...envoy(1, "proxyless"), dialect: "grpc" }, 1, 0);
  assert.deepEqual(deliveries.delivery({ revision: 1 }, 0), { state: "pending", envoys: [] });
});

Deno.test("delivery() tells an Envoy that has just come from one that is stuck, and gives late comers no time", () => {
  const deliveries = new Deliveries();
  deliveries.opened(a, 0);
  deliveries.progressed(a, 1, 0);
  deliveries.published(2, [], 1000);
  deliveries.sent(a, 1000);
  deliveries.opened(b, 2000);
  assert.deepEqual(statesOf(deliveries, 2, 5999), ["a pending", "b joining"]);
  assert.deepEqual(statesOf(deliveries, 2, 6000), ["a stuck", "b joining"]);
  deliveries.answered(a, 6000);
  assert.deepEqual(statesOf(deliveries, 2, 20_000), ["a pending", "b joining"]);
  deliveries.progressed(b, 2, 2500);
  assert.deepEqual(deliveries.delivery({ revision: 2 }, 0).envoys[1], { node: "b", group: "default", state: "live" });
});

Deno.test("delivery() asks only the Envoys of the groups that have the change", () => {
  const deliveries = new Deliveries();
  deliveries.opened(envoy(1, "eu-1", "eu"), 0);
  deliveries.opened(envoy(2, "us-1", "us"), 0);
  assert.deepEqual(statesOf(deliveries, { revision: 1, groups: ["us"] }), ["us-1 joining"]);
  assert.deepEqual(statesOf(deliveries, { revision: 1, groups: [] }), []);
});

Deno.test("delivery() is rejected when an Envoy rejects the session, until the session changes or Envoy goes", () => {
  const deliveries = new Deliveries();
  const stateOf = () => deliveries.delivery({ revision: 1, sessionId: "s1" }, 0).state;
  for (const each of [a, b]) {
    deliveries.opened(each, 0);
    deliveries.progressed(each, 1, 0);
  }
  deliveries.rejected(a, "s1", rejection, () => false);
  assert.deepEqual(deliveries.delivery({ revision: 1, sessionId: "s1" }, 0).envoys[0], {
    node: "a",
    group: "default",
    state: "rejected",
    rejection,
  });
  assert.equal(deliveries.delivery({ revision: 1, sessionId: "s2" }, 0).state, "live");
  deliveries.published(2, ["s1"], 0);
  assert.equal(stateOf(), "live");
  deliveries.rejected(a, "s1", rejection, () => false);
  deliveries.closed(a);
  assert.equal(stateOf(), "live");
});

Deno.test("delivery() stays rejected when the session changes and what was rejected does not", () => {
  const deliveries = new Deliveries();
  const states = () => statesOf(deliveries, { revision: 2, sessionId: "s1" });
  let stands = true;
  for (const each of [a, b]) {
    deliveries.opened(each, 0);
    deliveries.rejected(each, "s1", rejection, () => each === a && stands);
    deliveries.progressed(each, 2, 0);
  }
  deliveries.published(2, ["s1"], 0);
  assert.deepEqual(states(), ["a rejected", "b live"]);
  stands = false;
  deliveries.published(3, ["s2"], 0);
  assert.deepEqual(states(), ["a rejected", "b live"]);
  deliveries.published(4, ["s1"], 0);
  assert.deepEqual(states(), ["a live", "b live"]);
});

Deno.test("settled() resolves with the last Envoy that has it, with one that goes, or with a rejection", async () => {
  const deliveries = new Deliveries();
  for (const each of [a, b]) deliveries.opened(each, 0);
  const live = deliveries.settled({ revision: 1 }, 0).delivery;
  deliveries.progressed(a, 1, 0);
  deliveries.progressed(b, 1, 0);
  assert.equal((await live).state, "live");

  const left = deliveries.settled({ revision: 2 }, 0).delivery;
  deliveries.progressed(a, 2, 0);
  deliveries.closed(b);
  assert.deepEqual((await left).envoys.map(({ node }) => node), ["a"]);

  const refused = deliveries.settled({ revision: 3, sessionId: "s1" }, 0).delivery;
  deliveries.rejected(a, "s1", rejection, () => false);
  assert.equal((await refused).state, "rejected");

  assert.equal((await deliveries.settled({ revision: 2 }, 0).delivery).state, "live");
});

Deno.test("settled() never resolves once it was cancelled", async () => {
  const deliveries = new Deliveries();
  deliveries.opened(a, 0);
  const { delivery, cancel } = deliveries.settled({ revision: 1 }, 0);
  let resolved = false;
  void delivery.then(() => resolved = true);
  cancel();
  deliveries.progressed(a, 1, 0);
  await Promise.resolve();
  assert.equal(resolved, false);
});

Deno.test("delivery() gives an Envoy that polls the time between two polls before it is stuck", () => {
  const deliveries = new Deliveries();
  const polling: Recipient = { ...a, dialect: "envoy-v2" };
  deliveries.opened(polling, 0);
  deliveries.progressed(polling, 1, 0);
  deliveries.sent(polling, 1000);
  assert.deepEqual(statesOf(deliveries, 2, 30_999), ["a pending"]);
  assert.deepEqual(statesOf(deliveries, 2, 31_000), ["a stuck"]);
});

Deno.test("omitted() rejects a session for every client of the dialect, until it changes", async () => {
  const deliveries = new Deliveries();
  const old: Recipient = { ...b, dialect: "envoy-v2" };
  for (const each of [a, old]) deliveries.opened(each, 0);
  deliveries.published(1, ["s1", "s2"], 0);
  const waiting = deliveries.settled({ revision: 1, sessionId: "s1" }, 0).delivery;
  assert.equal(deliveries.omitted("s1", "envoy-v2", rejection), true);
  assert.equal(deliveries.omitted("s1", "envoy-v2", rejection), false);
  const expected = [
    { node: "a", group: "default", state: "joining" },
    { node: "b", group: "default", state: "rejected", rejection },
  ];
  assert.deepEqual(await waiting, { state: "rejected", envoys: expected });
  for (const each of [a, old]) deliveries.progressed(each, 1, 0);
  assert.deepEqual(deliveries.delivery({ revision: 1, sessionId: "s1" }, 0).state, "rejected");
  assert.deepEqual(deliveries.delivery({ revision: 1, sessionId: "s2" }, 0).state, "live");
  assert.deepEqual(deliveries.delivery({ revision: 1 }, 0).state, "live");
  deliveries.published(2, ["s1"], 0);
  for (const each of [a, old]) deliveries.progressed(each, 2, 0);
  assert.deepEqual(deliveries.delivery({ revision: 2, sessionId: "s1" }, 0).state, "live");
});

Deno.test("settled() goes on waiting when an Envoy of another group rejects", async () => {
  const deliveries = new Deliveries();
  const other = envoy(2, "b", "other");
  for (const each of [a, other]) deliveries.opened(each, 0);
  deliveries.rejected(other, "s1", rejection, () => false);
  const { delivery } = deliveries.settled({ revision: 1, sessionId: "s1", groups: ["default"] }, 0);
  deliveries.rejected(other, "s1", rejection, () => false);
  deliveries.progressed(a, 1, 0);
  assert.equal((await delivery).state, "live");
});
