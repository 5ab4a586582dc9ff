import assert from "node:assert/strict";
import { Deliveries, type Recipient } from "../observe/deliveries.ts";
import { Metrics } from "../observe/metrics.ts";
import { createOmissionWatch } from "./omission_watch.ts";

Deno.test("a session that is left out is counted once for each of its versions, and not when it has gone", async () => {
  const deliveries = new Deliveries();
  const metrics = new Metrics();
  const steps = new Map([["s1", 1]]);
  const watch = createOmissionWatch({ metrics, deliveries, changedAt: (id) => steps.get(id) });
  const old: Recipient = { id: 1, node: { id: "old" }, group: "default", dialect: "envoy-v2" };
  deliveries.opened(old, 0);
  const issues = [{ path: "a", message: "is odd" }, { path: "b", message: "is odder" }];
  const omission = { sessionId: "s1", dialect: "envoy-v2", issues } as const;
  // As for a session in two groups, or one that drains.
  watch(omission);
  watch(omission);
  assert.deepEqual(deliveries.delivery({ revision: 1, sessionId: "s1" }, 0).envoys, [{
    node: "old",
    group: "default",
    state: "rejected",
    rejection: { resource: "s1", type: "session", message: "a is odd; b is odder" },
  }]);
  deliveries.published(2, ["s1"], 0);
  watch(omission);
  deliveries.published(3, ["s1"], 0);
  steps.delete("s1");
  watch(omission);
  assert.equal(deliveries.delivery({ revision: 3, sessionId: "s1" }, 0).state, "pending");
  assert.match((await metrics.text()).text, /^signalbox_omitted_sessions_total 2$/m);
});
