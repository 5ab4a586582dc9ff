import assert from "node:assert/strict";
import { type Answer, ENVOY, issuesOf, SHOWN, startTasksBed, TASK, type TasksBed } from "./testdata/tasks_bed.ts";

const LIVE = { state: "live", envoys: [{ node: "edge-1", group: "default", state: "live" }] };

/** With an Envoy that has everything so far. */
async function startWithEnvoy(): Promise<TasksBed> {
  const bed = await startTasksBed();
  bed.deliveries.opened(ENVOY, bed.time.now());
  bed.deliveries.progressed(ENVOY, 0, bed.time.now());
  return bed;
}

/** The answer once `then` has been done, which is when nothing else goes on and there is none yet. */
async function answerAfter(bed: TasksBed, asked: Promise<Answer>, then: () => unknown): Promise<Answer> {
  let isAnswered = false;
  asked.finally(() => isAnswered = true);
  await bed.time.settle();
  assert.equal(isAnswered, false, "it did not wait");
  await then();
  return await asked;
}

Deno.test("wait=live answers when every Envoy has the session", async () => {
  const bed = await startWithEnvoy();
  const created = await answerAfter(bed, bed.ask("POST", "/xds/tasks?wait=live", TASK), () => {
    bed.deliveries.progressed(ENVOY, 1, bed.time.now());
  });
  assert.deepEqual([created.status, created.body], [201, { ...SHOWN, delivery: LIVE }]);
  assert.equal(created.headers.get("location"), "/xds/tasks/session-1");
  // It is: nobody waits.
  assert.equal((await bed.ask("PUT", "/xds/tasks/session-1?wait=live", TASK)).status, 200);
  const moved = await answerAfter(bed, bed.ask("PUT", "/xds/tasks/session-1?wait=live", { ...TASK, port: 1 }), () => {
    bed.deliveries.progressed(ENVOY, 2, bed.time.now());
  });
  assert.deepEqual([moved.status, moved.body.generation], [200, 2]);
});

Deno.test("wait=live answers 202 when the time is up, and what was done stays done", async () => {
  const bed = await startWithEnvoy();
  const late = await answerAfter(
    bed,
    bed.ask("POST", "/xds/tasks?wait=live&timeout=3s", TASK),
    () => bed.time.advance(3_000),
  );
  assert.deepEqual([late.status, late.body.delivery.state], [202, "pending"]);
  const byDefault = await answerAfter(
    bed,
    bed.ask("PUT", "/xds/tasks/session-1?wait=live", TASK),
    () => bed.time.advance(10_000),
  );
  assert.equal(byDefault.status, 202);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).body.delivery.state, "pending");
  const removed = await answerAfter(
    bed,
    bed.ask("DELETE", "/xds/tasks/session-1?wait=live&timeout=1s"),
    () => bed.time.advance(1_000),
  );
  assert.deepEqual([removed.status, removed.body.id, removed.body.generation], [202, "session-1", 2]);
  assert.equal(bed.table.size, 0);
  const atOnce = bed.ask("POST", "/xds/tasks?wait=live&timeout=0s", TASK);
  assert.equal((await answerAfter(bed, atOnce, () => bed.time.advance(0))).status, 202);
});

Deno.test("wait=live answers a removal when the session is gone from every Envoy", async () => {
  const bed = await startWithEnvoy();
  for (
    const [path, body, generation] of [
      ["/xds/tasks/session-1?wait=live", undefined, 2],
      ["/xds/tasks?wait=live", { id: "session-1" }, 4],
    ] as const
  ) {
    await bed.ask("POST", "/xds/tasks", TASK);
    const { status, body: answer } = await answerAfter(bed, bed.ask("DELETE", path, body), () => {
      bed.deliveries.progressed(ENVOY, generation, bed.time.now());
    });
    assert.deepEqual([status, answer], [200, { id: "session-1", generation, delivery: LIVE }]);
  }
});

Deno.test("wait=live answers 422 when an Envoy rejects the session, which stays registered", async () => {
  const bed = await startWithEnvoy();
  const { status, headers, body } = await answerAfter(bed, bed.ask("POST", "/xds/tasks?wait=live", TASK), () => {
    const rejection = { resource: "session-1", type: "cluster", message: "no", plugin: "auth" };
    bed.deliveries.rejected(ENVOY, "session-1", rejection, () => false);
  });
  assert.deepEqual([status, body.code, body.delivery.state], [422, "rejected_by_envoy", "rejected"]);
  assert.equal(headers.get("content-type"), "application/problem+json");
  assert.deepEqual(issuesOf({ body }), [
    ': Envoy "edge-1" rejects cluster "session-1" (touched last by plugin auth): no',
  ]);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).body.delivery.state, "rejected");
});

Deno.test("wait=live of a batch tells of the whole and of each session", async () => {
  const bed = await startWithEnvoy();
  const tasks = [TASK, { ...TASK, id: "b" }, { ...TASK, id: "c", port: 0 }];
  const { status, body } = await answerAfter(bed, bed.ask("POST", "/xds/tasks:batch?wait=live", { tasks }), () => {
    bed.deliveries.progressed(ENVOY, 1, bed.time.now());
  });
  assert.deepEqual([status, body.delivery], [200, LIVE]);
  assert.deepEqual(body.tasks.map((item: { readonly delivery?: unknown }) => item.delivery), [LIVE, LIVE, undefined]);
  const late = bed.ask("POST", "/xds/tasks:batch?wait=live&timeout=1s", { delete: ["b"] });
  assert.equal((await answerAfter(bed, late, () => bed.time.advance(1_000))).status, 202);
});

Deno.test("wait=live asks only the Envoys of the groups that have the session", async () => {
  const bed = await startWithEnvoy();
  const elsewhere = { ...ENVOY, id: 2, group: "eu", node: { id: "edge-2" } };
  bed.deliveries.opened(elsewhere, 0);
  const task = { ...TASK, groups: ["default"] };
  const { status } = await answerAfter(bed, bed.ask("POST", "/xds/tasks?wait=live", task), () => {
    bed.deliveries.progressed(ENVOY, 1, bed.time.now());
  });
  assert.equal(status, 201);
  const unknown = await bed.ask("POST", "/xds/tasks", { ...TASK, id: "b", groups: ["us"] });
  assert.equal(unknown.status, 422);
  assert.match(issuesOf(unknown)[0] ?? "", /^groups\[0\]: /);
});

Deno.test("a query of wait that is not acceptable is answered with 422, and nothing is done", async () => {
  const bed = await startWithEnvoy();
  const cases = [
    ["wait=yes", 'wait: must be "live"'],
    ["wait=live&timeout=61s", 'timeout: must be a duration such as "30s", "5m" or "1h30m", at most 1m, got "61s"'],
    ["timeout=soon", 'timeout: must be a duration such as "30s", "5m" or "1h30m", at most 1m, got "soon"'],
    ["wait=live&timeout=1s&timeout=2s", "timeout: must be given once"],
    ["wait=live&wait=live", 'wait: must be "live"'],
    ["wiat=live", "wiat: is not a known field"],
  ] as const;
  for (const [query, issue] of cases) {
    for (
      const [method, path, body] of [
        ["POST", "/xds/tasks", TASK],
        ["PUT", "/xds/tasks/session-1", TASK],
        ["DELETE", "/xds/tasks/session-1", undefined],
        ["POST", "/xds/tasks:batch", { tasks: [TASK] }],
        ["GET", "/generations/0", undefined],
      ] as const
    ) {
      const answer = await bed.ask(method, `${path}?${query}`, body);
      assert.equal(answer.status, 422, `${method} ${path}?${query}`);
      assert.deepEqual(issuesOf(answer), [issue]);
    }
  }
  assert.equal(bed.store.attempts, 0);
});

Deno.test("GET /generations/{generation} says where the Envoys are with it", async () => {
  const bed = await startWithEnvoy();
  await bed.ask("POST", "/xds/tasks", TASK);
  const pending = await bed.ask("GET", "/generations/1");
  assert.deepEqual([pending.status, pending.body.generation, pending.body.delivery.state], [200, 1, "pending"]);
  const waited = bed.ask("GET", "/generations/1?wait=live&timeout=1s");
  assert.equal((await answerAfter(bed, waited, () => bed.time.advance(1_000))).status, 202);
  const live = await answerAfter(bed, bed.ask("GET", "/generations/1?wait=live"), () => {
    bed.deliveries.progressed(ENVOY, 1, bed.time.now());
  });
  assert.deepEqual([live.status, live.body], [200, { generation: 1, delivery: LIVE }]);
  for (const generation of ["2", "-1", "1.0", "x", "9".repeat(20), "%31%zz"]) {
    const { status, body } = await bed.ask("GET", `/generations/${generation}`);
    assert.deepEqual([status, body.code], [404, "not_found"], generation);
  }
});
