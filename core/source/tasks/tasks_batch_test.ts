import assert from "node:assert/strict";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { startTasksBed, TASK } from "./testdata/tasks_bed.ts";

const task = (id: string, changes: Record<string, unknown> = {}) => ({ ...TASK, id, ...changes });

interface Result {
  readonly id?: string;
  readonly outcome: string;
  readonly status: number;
  readonly problem?: { readonly code: string; readonly issues: readonly { path: string; message: string }[] };
}

/** `id outcome status code path`, as far as there is one. */
const linesOf = (results: readonly Result[]) =>
  results.map(({ id = "-", outcome, status, problem }) =>
    [id, outcome, status, problem?.code, ...problem?.issues.map(({ path }) => path) ?? []]
      .filter((part) => part !== undefined).join(" ")
  );

Deno.test("POST /xds/tasks:batch does what it can in one commit and says of every item what came of it", async () => {
  const bed = await startTasksBed();
  for (const id of ["same", "moves", "goes"]) await bed.ask("POST", "/xds/tasks", task(id));
  const before = [bed.store.commits.length, bed.published.length] as const;
  const { status, body } = await bed.ask("POST", "/xds/tasks:batch", {
    tasks: [
      task("new"),
      task("same"),
      task("moves", { port: 1 }),
      task("unfit", { port: 0, ttl: "1" }),
      7,
      { address: "10.0.0.1", port: 1 },
      task("late", { host: "new.example.org" }),
      task("heir", { host: "goes.example.org" }),
    ],
    delete: ["goes", "absent", "UP", 3],
  });
  assert.equal(status, 200);
  assert.deepEqual(linesOf(body.delete), [
    "goes deleted 200",
    "absent refused 404 not_found",
    "UP refused 422 invalid_request ",
    "- refused 422 invalid_request ",
  ]);
  assert.deepEqual(linesOf(body.tasks), [
    "new created 201",
    "same unchanged 200",
    "moves changed 200",
    "unfit refused 422 invalid_request port ttl",
    "- refused 422 invalid_request ",
    "- refused 422 invalid_request id",
    "late refused 409 host_taken host",
    // Removals come first, so its host is free.
    "heir created 201",
  ]);
  assert.equal(body.generation, 4);
  assert.deepEqual(body.tasks[0].task, (await bed.ask("GET", "/xds/tasks?after=moves&limit=1")).body.tasks[0]);
  assert.deepEqual([bed.store.commits.length, bed.published.length], [before[0] + 1, before[1] + 1]);
  assert.deepEqual([...bed.served.keys()].sort(), ["heir", "moves", "new", "same"]);
});

Deno.test("POST /xds/tasks:batch takes an id that comes twice as two requests, one after the other", async () => {
  const bed = await startTasksBed();
  const { body } = await bed.ask("POST", "/xds/tasks:batch", {
    delete: ["a", "a"],
    tasks: [task("a"), task("a"), task("a", { port: 1 })],
  });
  assert.deepEqual(linesOf(body.delete), ["a refused 404 not_found", "a refused 404 not_found"]);
  assert.deepEqual(linesOf(body.tasks), ["a created 201", "a unchanged 200", "a changed 200"]);
  assert.equal(bed.table.get("a")?.session.backends[0]?.port, 1);
  const again = await bed.ask("POST", "/xds/tasks:batch", { delete: ["a", "a"], tasks: [task("a", { port: 1 })] });
  assert.deepEqual(linesOf(again.body.delete), ["a deleted 200", "a refused 404 not_found"]);
  assert.deepEqual(linesOf(again.body.tasks), ["a created 201"]);
});

Deno.test("POST /xds/tasks:batch changes nothing when there is nothing to change", async () => {
  const bed = await startTasksBed();
  for (const body of [{}, { tasks: [] }, { delete: [], tasks: [] }, { delete: ["absent"] }]) {
    const { status, body: result } = await bed.ask("POST", "/xds/tasks:batch", body);
    assert.deepEqual([status, result.generation], [200, 0]);
  }
  assert.equal(bed.store.attempts, 0);
});

Deno.test("POST /xds/tasks:batch is refused as a whole when it is no batch", async () => {
  const bed = await startTasksBed();
  const cases: readonly [unknown, readonly string[]][] = [
    ["[]", [": must be an object, got an array"]],
    [{ tasks: {}, delete: "a", tsaks: [] }, [
      "delete: must be an array, got a string",
      "tasks: must be an array, got an object",
      "tsaks: is not a known field",
    ]],
    [{ tasks: null }, ["tasks: must be an array, got null"]],
    [{ tasks: Array(6_000).fill(0), delete: Array(4_001).fill("a") }, [": must have at most 10000 items, got 10001"]],
  ];
  for (const [body, issues] of cases) {
    const answer = await bed.ask("POST", "/xds/tasks:batch", body);
    assert.deepEqual([answer.status, answer.body.code], [422, "invalid_request"]);
    assert.deepEqual(
      answer.body.issues.map((issue: { path: string; message: string }) => `${issue.path}: ${issue.message}`),
      issues,
    );
  }
  assert.equal((await bed.ask("POST", "/xds/tasks:batch", "{")).status, 400);
});

Deno.test("POST /xds/tasks:batch takes 10,000 at once, and lets a plugin refuse one of them", async () => {
  const bed = await startTasksBed();
  const odd = task("odd", { labels: { build: "fails" } });
  const tasks = Array.from({ length: 10_000 }, (_, i) => i === 5_000 ? odd : task(`s-${i}`));
  const { status, body } = await bed.ask("POST", "/xds/tasks:batch", { tasks });
  assert.equal(status, 200);
  assert.deepEqual(linesOf(body.tasks.slice(4_999, 5_002)), [
    "s-4999 created 201",
    "odd refused 422 invalid_request plugins.auth",
    "s-5001 created 201",
  ]);
  assert.deepEqual([bed.store.commits.length, bed.table.size], [1, 9_999]);
});

Deno.test("POST /xds/tasks:batch and the single requests of the same moment share a commit", async () => {
  const bed = await startTasksBed();
  await bed.registrar.register(sampleSession("a"));
  const [batch, removed, added] = await Promise.all([
    bed.ask("POST", "/xds/tasks:batch", { tasks: [task("b"), task("c")] }),
    bed.ask("DELETE", "/xds/tasks/a"),
    bed.ask("POST", "/xds/tasks", task("d")),
  ]);
  assert.deepEqual(linesOf(batch.body.tasks), ["b created 201", "c created 201"]);
  assert.deepEqual([removed.status, added.status], [200, 201]);
  assert.equal(bed.store.commits.length, 2);
});
