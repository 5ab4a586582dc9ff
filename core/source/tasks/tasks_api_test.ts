import assert from "node:assert/strict";
import { issuesOf, SHOWN, startTasksBed, TASK } from "./testdata/tasks_bed.ts";

Deno.test("POST /xds/tasks answers 201 with the session and where it is, once it is stored and published", async () => {
  const bed = await startTasksBed();
  const { status, headers, body } = await bed.ask("POST", "/xds/tasks", TASK);
  assert.equal(status, 201);
  assert.equal(headers.get("location"), "/xds/tasks/session-1");
  assert.deepEqual(body, SHOWN);
  assert.equal(bed.store.commits.length, 1);
  assert.equal(bed.published.at(-1)?.generation, 1);
  const delivery = { state: "pending", envoys: [] };
  assert.deepEqual((await bed.ask("GET", "/xds/tasks/session-1")).body, { ...SHOWN, delivery });
});

Deno.test("POST /xds/tasks answers 200 and publishes nothing when the same registration is there", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const before = bed.published.length;
  // The same in other words.
  const same = { id: TASK.id, backends: [{ address: "10.0.0.1", port: 50051 }], host: "Session-1.Example.ORG." };
  const { status, headers, body } = await bed.ask("POST", "/xds/tasks", same);
  assert.deepEqual([status, headers.get("location")], [200, "/xds/tasks/session-1"]);
  assert.deepEqual(body, SHOWN);
  assert.deepEqual([bed.published.length, bed.store.commits.length], [before, 1]);
});

Deno.test("POST /xds/tasks answers 200 and moves the session when its registration is another", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const { status, body } = await bed.ask("POST", "/xds/tasks", { ...TASK, address: "2001:DB8:0::1" });
  assert.equal(status, 200);
  assert.deepEqual(body.backends, [{ address: "2001:db8::1", port: 50051, weight: 1 }]);
  assert.equal(body.generation, 2);
  assert.deepEqual(bed.served.get("session-1")?.backends, body.backends);
});

Deno.test("POST /xds/tasks takes every field that there is and shows it in canonical form", async () => {
  const bed = await startTasksBed();
  const { status, body } = await bed.ask("POST", "/xds/tasks", {
    id: "session-1",
    backends: [{ address: "10.0.0.1", port: 1, weight: 3 }, { address: "::1", port: 65535 }],
    host: "WWW.example.org",
    aliases: ["z.example.org", "A.example.org", "www.example.org"],
    labels: { "example.org/team": "blue", a: "" },
    plugins: { auth: { allow: ["x", 1, null, { deep: true }] } },
    ttl: "90m",
  });
  assert.equal(status, 201);
  assert.deepEqual(body, {
    id: "session-1",
    host: "www.example.org",
    aliases: ["a.example.org", "z.example.org"],
    backends: [{ address: "10.0.0.1", port: 1, weight: 3 }, { address: "::1", port: 65535, weight: 1 }],
    labels: { a: "", "example.org/team": "blue" },
    plugins: { auth: { allow: ["x", 1, null, { deep: true }] } },
    ttl: "1h30m",
    expiresAt: new Date(bed.time.now() + 5_400_000).toISOString(),
    cluster: "session-1",
    generation: 1,
  });
});

Deno.test("POST /xds/tasks answers 409 with the field and the owner when another session has a host", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const taken = { id: "session-2", address: "10.0.0.2", port: 1 };
  const host = await bed.ask("POST", "/xds/tasks", { ...taken, host: "SESSION-1.example.org" });
  assert.equal(host.status, 409);
  assert.deepEqual(issuesOf(host), ['host: is taken: session "session-1" has session-1.example.org']);
  const alias = await bed.ask("PUT", "/xds/tasks/session-2", { ...taken, aliases: ["session-1.example.org", "b"] });
  assert.equal(alias.status, 409);
  assert.deepEqual(issuesOf(alias), ['aliases: is taken: session "session-1" has session-1.example.org']);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-2")).status, 404);
});

Deno.test("POST /xds/tasks gives one host to one session however many ask for it at once", async () => {
  const bed = await startTasksBed();
  const answers = await Promise.all(
    Array.from(
      { length: 50 },
      (_, i) => bed.ask("POST", "/xds/tasks", { ...TASK, id: `s-${i}`, host: "one.example.org" }),
    ),
  );
  assert.deepEqual(answers.map(({ status }) => status), [201, ...Array.from({ length: 49 }, () => 409)]);
  assert.equal(bed.table.size, 1);
});

Deno.test("POST /xds/tasks answers names of Object's own as any others", async () => {
  const bed = await startTasksBed();
  const labels = { constructor: "a", toString: "b", hasOwnProperty: "c" };
  const { status } = await bed.ask("POST", "/xds/tasks", { ...TASK, id: "constructor", labels });
  assert.equal(status, 201);
  assert.deepEqual((await bed.ask("GET", "/xds/tasks/constructor")).body.labels, labels);
  assert.equal((await bed.ask("GET", "/xds/tasks?label=constructor=a")).body.tasks.length, 1);
  assert.equal((await bed.ask("GET", "/xds/tasks?label=valueOf=a")).body.tasks.length, 0);
  for (const id of ["__proto__", "toString"]) assert.equal((await bed.ask("GET", `/xds/tasks/${id}`)).status, 404);
});

Deno.test("PUT /xds/tasks/{id} registers, moves and renews; the id may be left out and not be another", async () => {
  const bed = await startTasksBed();
  const { id: _, ...registration } = { ...TASK, ttl: "30s" };
  const created = await bed.ask("PUT", "/xds/tasks/session-1", registration);
  assert.deepEqual([created.status, created.headers.get("location")], [201, "/xds/tasks/session-1"]);
  await bed.time.advance(20_000);
  const renewed = await bed.ask("PUT", "/xds/tasks/session-1", registration);
  assert.equal(renewed.status, 200);
  assert.equal(Date.parse(renewed.body.expiresAt) - Date.parse(created.body.expiresAt), 20_000);
  assert.equal(renewed.body.generation, created.body.generation);
  const moved = await bed.ask("PUT", "/xds/tasks/session-1", { ...registration, ...TASK, port: 1 });
  assert.deepEqual([moved.status, moved.body.generation], [200, 2]);

  const other = await bed.ask("PUT", "/xds/tasks/session-1", { ...TASK, id: "session-2" });
  assert.equal(other.status, 422);
  assert.deepEqual(issuesOf(other), ['id: must be "session-1", as the request says elsewhere, or be left out']);
  const unfit = await bed.ask("PUT", "/xds/tasks/UP", registration);
  assert.deepEqual(issuesOf(unfit), ['id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "UP"']);
});

Deno.test("PUT /xds/tasks/{id} keeps a session for its ttl to the millisecond, and no longer", async () => {
  const bed = await startTasksBed();
  await bed.ask("PUT", "/xds/tasks/session-1", { ...TASK, ttl: "1s" });
  await bed.time.advance(999);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).status, 200);
  await bed.time.advance(1);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).status, 404);
  // What is renewed without a ttl stays.
  await bed.ask("PUT", "/xds/tasks/session-1", { ...TASK, ttl: "1s" });
  assert.equal((await bed.ask("PUT", "/xds/tasks/session-1", TASK)).body.expiresAt, undefined);
  await bed.time.advance(3_600_000);
  assert.equal((await bed.ask("GET", "/xds/tasks/session-1")).status, 200);
});

Deno.test("DELETE /xds/tasks/{id} answers 200 and then 404", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const { status, body } = await bed.ask("DELETE", "/xds/tasks/session-1");
  assert.deepEqual([status, body], [200, { id: "session-1", generation: 2 }]);
  assert.equal(bed.served.size, 0);
  for (const id of ["session-1", "UP", "%zz", "%00", "%F0%9F%98%80"]) {
    const again = await bed.ask("DELETE", `/xds/tasks/${id}`);
    assert.deepEqual([again.status, again.body.code], [404, "not_found"], id);
  }
  // The host is free again.
  assert.equal((await bed.ask("POST", "/xds/tasks", { ...TASK, id: "b", host: "session-1.example.org" })).status, 201);
});

Deno.test("DELETE /xds/tasks removes the session that its body names", async () => {
  const bed = await startTasksBed();
  await bed.ask("POST", "/xds/tasks", TASK);
  const cases: readonly [unknown, number, readonly string[]][] = [
    [{}, 422, ["id: is required"]],
    [{ id: 7 }, 422, ["id: must be a string, got a number"]],
    [{ id: "session-1", port: 1 }, 422, ["port: is not a known field"]],
    [{ id: "other" }, 404, []],
  ];
  for (const [body, status, issues] of cases) {
    const answer = await bed.ask("DELETE", "/xds/tasks", body);
    assert.equal(answer.status, status);
    assert.deepEqual(issuesOf(answer), issues);
  }
  assert.equal((await bed.ask("DELETE", "/xds/tasks", undefined)).status, 400);
  assert.equal((await bed.ask("DELETE", "/xds/tasks", "{}", { "content-type": "text/plain" })).status, 415);
  const removed = await bed.ask("DELETE", "/xds/tasks", { id: "session-1" });
  assert.deepEqual([removed.status, removed.body], [200, { id: "session-1", generation: 2 }]);
});
