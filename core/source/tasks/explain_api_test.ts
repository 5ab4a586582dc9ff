import assert from "node:assert/strict";
import { createRouter } from "../../http/router.ts";
import { addExplainApi, explanationSchema } from "./explain_api.ts";

const EXPLAINED = {
  id: "s1",
  served: "last",
  steps: [{ plugin: "p", hook: "route", before: [{}], after: [] }],
  failures: [{ path: "", message: "no" }],
};

Deno.test("GET /xds/tasks/{id}/explain answers how a session came about, or 404", async () => {
  const router = createRouter();
  addExplainApi(router, { explain: (id) => id === "s1" ? EXPLAINED : undefined });
  const response = await router.request("/xds/tasks/s1/explain");
  assert.equal(response.status, 200);
  const body = await response.json();
  assert.deepEqual(body, EXPLAINED);
  assert.deepEqual(explanationSchema.parse(body), EXPLAINED);
  const unknown = await router.request("/xds/tasks/s2/explain");
  assert.deepEqual([unknown.status, (await unknown.json()).code], [404, "not_found"]);
});
