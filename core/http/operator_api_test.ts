import assert from "node:assert/strict";
import { Metrics } from "../observe/metrics.ts";
import { addOperatorApi, addProbes, type Phase } from "./operator_api.ts";
import { addPath, createRouter } from "./router.ts";

function bed() {
  const router = createRouter();
  const state: { phase: Phase; problems: string[] } = { phase: "starting", problems: [] };
  const metrics = new Metrics();
  addProbes(router, { phase: () => state.phase, problems: () => state.problems });
  addOperatorApi(router, { phase: () => state.phase, metrics });
  addPath(router, "/xds/tasks", { GET: () => new Response("tasks") });
  const statusOf = async (path: string) => (await router.request(path)).status;
  return { router, state, metrics, statusOf };
}

Deno.test("addProbes() says that it lives in every phase, and that it is ready when it is", async () => {
  const { state, statusOf, router } = bed();
  for (const [phase, ready] of [["starting", 503], ["ready", 200], ["stopping", 503]] as const) {
    state.phase = phase;
    assert.equal(await statusOf("/healthz"), 200, phase);
    assert.equal(await statusOf("/readyz"), ready, phase);
  }
  const problem = await (await router.request("/readyz")).json();
  assert.deepEqual([problem.code, problem.detail], ["not_ready", "Cannot serve: Signalbox is stopping"]);
});

Deno.test("addProbes() says what is wrong, and is ready all the same", async () => {
  const { state, router } = bed();
  const text = async () => await (await router.request("/readyz")).text();
  state.problems = ["no pods", "no nodes"];
  const problem = await (await router.request("/readyz")).json();
  assert.equal(problem.detail, "Cannot serve: Signalbox is starting; no pods; no nodes");
  state.phase = "ready";
  assert.equal(await text(), "ok\nno pods\nno nodes\n");
  state.problems = [];
  assert.equal(await text(), "ok\n");
});

Deno.test("addOperatorApi() keeps sessions closed until all are there", async () => {
  const { state, statusOf, router } = bed();
  assert.equal((await (await router.request("/xds/tasks")).json()).code, "not_ready");
  for (const phase of ["ready", "stopping"] as const) {
    state.phase = phase;
    assert.equal(await statusOf("/xds/tasks"), 200, phase);
  }
});

Deno.test("addOperatorApi() shows metrics as Prometheus reads them", async () => {
  const { router, metrics } = bed();
  metrics.observeState(() => ({ sessions: 3, failing: 0, generation: 7 }));
  const response = await router.request("/metrics");
  assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
  assert.match(await response.text(), /^signalbox_sessions 3$/m);
});
