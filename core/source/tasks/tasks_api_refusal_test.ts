import assert from "node:assert/strict";
import { SignalboxError } from "../../signalbox_error.ts";
import { unavailable } from "../testdata/store_double.ts";
import { buildOpenApi } from "./openapi.ts";
import { issuesOf, SHOWN, startTasksBed, TASK } from "./testdata/tasks_bed.ts";

Deno.test("POST /xds/tasks names every field that is not acceptable, and nothing is stored or published", async () => {
  const bed = await startTasksBed();
  const published = bed.published.length;
  const cases: readonly [Record<string, unknown>, readonly string[]][] = [
    [{ port: 0 }, ["port: must be a whole number from 1 to 65535, got 0"]],
    [{ port: 70000 }, ["port: must be a whole number from 1 to 65535, got 70000"]],
    [{ port: "50051" }, ['port: must be a whole number from 1 to 65535, got "50051"']],
    [{ port: null }, ["port: must be a whole number from 1 to 65535, got null"]],
    [{ address: "localhost" }, [
      'address: must be an IP address such as 10.0.0.1 or 2001:db8::1, not a name, got "localhost"',
    ]],
    [{ address: 10 }, ["address: must be a string, got a number"]],
    [{ id: "a".repeat(64) }, [
      `id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "${"a".repeat(64)}"`,
    ]],
    [{ id: "Ä" }, ['id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "Ä"']],
    [{ id: undefined }, ["id: is required"]],
    [{ host: "*.example.org" }, ['host: must be one DNS name, without a wildcard, got "*.example.org"']],
    [{ ttl: "0s" }, ['ttl: must be from 1s to 30d, got "0s"']],
    [{ ttl: 30 }, ["ttl: must be a string, got a number"]],
    [{ adress: "10.0.0.1", labels: { a: 1 } }, [
      "labels.a: must be a string, got a number",
      "adress: is not a known field",
    ]],
    [{ address: undefined, port: undefined }, [
      "address: is required, for there are no backends",
      "port: is required, for there are no backends",
    ]],
    [{ labels: JSON.parse('{"__proto__":"x"}') }, ["labels.__proto__: is not a possible name"]],
  ];
  for (const [change, expected] of cases) {
    const answer = await bed.ask("POST", "/xds/tasks", { ...TASK, ...change });
    assert.equal(answer.status, 422, JSON.stringify(change));
    assert.deepEqual(issuesOf(answer), expected);
  }
  const others: readonly [unknown, string][] = [
    ["[]", ": must be an object, got an array"],
    ["null", ": must be an object, got null"],
    ['"x"', ": must be an object, got a string"],
  ];
  for (const [body, issue] of others) {
    assert.deepEqual(issuesOf(await bed.ask("POST", "/xds/tasks", body)), [issue]);
  }
  assert.deepEqual([bed.table.size, bed.store.attempts, bed.published.length], [0, 0, published]);
});

Deno.test("POST /xds/tasks says what it can't read: no JSON, no content type, too much", async () => {
  const bed = await startTasksBed();
  const broken = await bed.ask("POST", "/xds/tasks", '{"id":');
  assert.deepEqual([broken.status, broken.body.code], [400, "malformed_request"]);
  assert.match(issuesOf(broken)[0] ?? "", /^: must be JSON: /);
  for (const type of ["text/plain", "application/x-www-form-urlencoded"]) {
    const { status, body } = await bed.ask("POST", "/xds/tasks", JSON.stringify(TASK), { "content-type": type });
    assert.deepEqual([status, body.code], [415, "unsupported_media_type"]);
  }
  const large = await bed.ask("POST", "/xds/tasks", JSON.stringify({ ...TASK, id: "x".repeat(10_000_000) }));
  assert.deepEqual([large.status, large.body.code], [413, "body_too_large"]);
  assert.equal(bed.table.size, 0);
});

Deno.test("the tasks API answers methods and paths that are not there with a problem", async () => {
  const bed = await startTasksBed();
  const cases = [
    ["PATCH", "/xds/tasks", "GET, HEAD, POST, DELETE"],
    ["PUT", "/xds/tasks", "GET, HEAD, POST, DELETE"],
    ["POST", "/xds/tasks/a", "GET, HEAD, PUT, DELETE"],
    ["GET", "/xds/tasks:batch", "POST"],
    ["POST", "/openapi.json", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const { status, headers, body } = await bed.ask(method, path);
    assert.deepEqual([status, headers.get("allow"), body.code], [405, allow, "method_not_allowed"]);
  }
  for (const path of ["/", "/xds", "/xds/tasks/", "/xds/tasks/a/b", "/xds/task", "/xds/tasks:other", "/XDS/tasks"]) {
    const { status, body } = await bed.ask("GET", path);
    assert.deepEqual([status, body.code], [404, "not_found"], path);
  }
});

Deno.test("the tasks API answers 503 or 507 when the store fails, and nothing has changed", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const published = bed.published.length;
  const full = new SignalboxError("store_full", "Cannot write the store: the disk is full");
  for (const [failure, status] of [[unavailable(), 503], [full, 507]] as const) {
    bed.store.failure = failure;
    const answers = await Promise.all([
      bed.ask("POST", "/xds/tasks", { ...TASK, id: "b" }),
      bed.ask("PUT", "/xds/tasks/session-1", { ...TASK, port: 1 }),
      bed.ask("DELETE", "/xds/tasks/session-1"),
      bed.ask("DELETE", "/xds/tasks", { id: "session-1" }),
      bed.ask("POST", "/xds/tasks:batch", { tasks: [{ ...TASK, id: "c" }] }),
    ]);
    assert.deepEqual(
      answers.map((answer) => [answer.status, answer.body.code]),
      answers.map(() => [status, failure.code]),
    );
  }
  assert.deepEqual((await bed.ask("GET", "/xds/tasks")).body.tasks, [SHOWN]);
  assert.equal(bed.published.length, published);
  bed.store.failure = undefined;
  assert.equal((await bed.ask("DELETE", "/xds/tasks/session-1")).status, 200);
});

Deno.test("the tasks API answers 503 when Signalbox stops, and reads go on", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  await bed.registrar.close();
  const { status, body } = await bed.ask("POST", "/xds/tasks", { ...TASK, id: "b" });
  assert.deepEqual([status, body.code], [503, "not_ready"]);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).status, 200);
});

Deno.test("the tasks API answers 422 with the plugin and 500 for a defect, when no resources can be made", async () => {
  const bed = await startTasksBed();
  const fails = await bed.ask("POST", "/xds/tasks", { ...TASK, labels: { build: "fails" } });
  assert.equal(fails.status, 422);
  assert.deepEqual(issuesOf(fails), ["plugins.auth: is odd (plugin auth, hook route)"]);
  const throws = await bed.ask("POST", "/xds/tasks", { ...TASK, labels: { build: "throws" } });
  assert.deepEqual([throws.status, throws.body.detail], [500, "Signalbox's log says more."]);
  assert.equal(bed.table.size, 0);
});

Deno.test("GET /openapi.json is the document that the answers are held to", async () => {
  const bed = await startTasksBed();
  const response = await bed.fetch(new Request("http://signalbox/openapi.json"));
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(buildOpenApi())));
});
