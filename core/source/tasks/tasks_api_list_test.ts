import assert from "node:assert/strict";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { issuesOf, startTasksBed, TASK, type TasksBed } from "./testdata/tasks_bed.ts";

/** Sessions a to e; those of a team have its label. */
async function fill({ registrar }: TasksBed): Promise<void> {
  const labels = [{ team: "x", app: "y" }, { team: "x" }, {}, { team: "x", app: "y" }, { app: "y" }];
  for (const [i, id] of ["a", "b", "c", "d", "e"].entries()) {
    await registrar.register(sampleSession(id, { labels: labels[i] ?? {} }));
  }
}

Deno.test("GET /xds/tasks lists sessions by id, page after page", async () => {
  const bed = await startTasksBed();
  assert.deepEqual((await bed.ask("GET", "/xds/tasks")).body, { tasks: [] });
  await fill(bed);
  const pages: unknown[] = [];
  let query = "?limit=2";
  while (query !== "") {
    const { body } = await bed.ask("GET", `/xds/tasks${query}`);
    pages.push(body.tasks.map(({ id }: { id: string }) => id));
    query = body.next === undefined ? "" : `?limit=2&after=${body.next}`;
  }
  assert.deepEqual(pages, [["a", "b"], ["c", "d"], ["e"]]);
  // A page that is exactly full is the last one.
  assert.equal((await bed.ask("GET", "/xds/tasks?limit=5")).body.next, undefined);
  assert.deepEqual((await bed.ask("GET", "/xds/tasks?after=e")).body, { tasks: [] });
  // A page goes on where the session that it ended with is gone.
  await bed.ask("DELETE", "/xds/tasks/b");
  assert.equal((await bed.ask("GET", "/xds/tasks?limit=1&after=b")).body.tasks[0].id, "c");
});

Deno.test("GET /xds/tasks has only sessions with all of the labels", async () => {
  const bed = await startTasksBed();
  await fill(bed);
  const ids = async (query: string) => {
    const { body } = await bed.ask("GET", `/xds/tasks?${query}`);
    return [body.tasks.map(({ id }: { id: string }) => id), body.next];
  };
  assert.deepEqual(await ids("label=team=x"), [["a", "b", "d"], undefined]);
  assert.deepEqual(await ids("label=team=x&label=app=y"), [["a", "d"], undefined]);
  assert.deepEqual(await ids("label=team=x&label=app=y&limit=1"), [["a"], "a"]);
  assert.deepEqual(await ids("label=team=x&label=app=y&limit=1&after=a"), [["d"], undefined]);
  assert.deepEqual(await ids("label=team="), [[], undefined]);
});

Deno.test("GET /xds/tasks answers 422 with every part of the query that is not acceptable", async () => {
  const bed = await startTasksBed();
  const answer = await bed.ask("GET", "/xds/tasks?limit=0&label=team&page=1");
  assert.equal(answer.status, 422);
  assert.deepEqual(issuesOf(answer), [
    "limit: must be a whole number from 1 to 1000",
    "label[0]: must be KEY=VALUE",
    "page: is not a known field",
  ]);
});

Deno.test("GET /xds/tasks reads the query whatever host the client has said", async () => {
  const bed = await startTasksBed();
  await fill(bed);
  // What Deno makes of "Host: [", which is no URL.
  const request = new Request("http://signalbox/");
  Object.defineProperty(request, "url", { value: "http://[/xds/tasks?limit=1" });
  const response = await bed.fetch(request);
  assert.equal(response.status, 200);
  assert.equal((await response.json()).next, "a");
});

Deno.test("the tasks API answers HEAD as GET without the body", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  for (const [path, status] of [["/xds/tasks", 200], ["/xds/tasks/session-1", 200], ["/xds/tasks/x", 404]] as const) {
    const answer = await bed.ask("HEAD", path);
    assert.deepEqual([answer.status, answer.body], [status, undefined]);
    const { body } = await bed.ask("GET", path);
    assert.equal(Number(answer.headers.get("content-length")), JSON.stringify(body).length);
  }
});
