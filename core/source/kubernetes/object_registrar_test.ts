import assert from "node:assert/strict";
import type { Session } from "../../session/session.ts";
import { SessionServer } from "../../store/testdata/session_server.ts";
import type { Outcome } from "../operation.ts";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { startReplica, type TestReplica } from "./testdata/replica.ts";

async function withReplicas(
  run: (replicas: readonly [TestReplica, TestReplica], server: SessionServer) => Promise<void>,
): Promise<void> {
  const server = new SessionServer();
  const replicas = [await startReplica(server), await startReplica(server)] as const;
  await run(replicas, server);
  for (const replica of replicas) await replica.close();
}

const register = (session: Session) => ({ kind: "register", session }) as const;
const deregister = (id: string) => ({ kind: "deregister", id }) as const;

function told(outcome: Outcome | undefined): string | undefined {
  return outcome?.status === "refused" ? outcome.error.code : outcome?.status;
}

async function submit({ registrar }: TestReplica, ...operations: Parameters<typeof registrar.submit>[0]) {
  const { outcomes } = await registrar.submit(operations);
  return outcomes.map(told);
}

async function settle(...replicas: readonly TestReplica[]): Promise<void> {
  for (let round = 0; round < 3; round++) for (const { time } of replicas) await time.settle();
}

Deno.test("ObjectRegistrar answers what one replica alone would, and both serve it", () =>
  withReplicas(async ([a, b]) => {
    assert.deepEqual(await submit(a, register(sampleSession("s1"))), ["created"]);
    assert.ok(a.served.has("s1"), "it is served when it is answered");
    await settle(a, b);
    assert.deepEqual(b.served.get("s1"), sampleSession("s1"));
    assert.deepEqual(await submit(b, register(sampleSession("s1"))), ["unchanged"]);
    assert.deepEqual(await submit(b, register(sampleSession("s1", { labels: { a: "b" } }))), ["changed"]);
    assert.deepEqual(await submit(b, register(sampleSession("s2", { host: "s1.example.org" }))), ["host_taken"]);
    assert.deepEqual(await submit(b, register(sampleSession("s3", { labels: { build: "fails" } }))), [
      "invalid_request",
    ]);
    assert.deepEqual(await submit(b, deregister("s1"), deregister("s1")), ["deleted", "not_found"]);
    await settle(a, b);
    assert.deepEqual([...a.served, ...b.served], []);
    assert.deepEqual(a.published, [["s1"], ["s1"], ["s1"]], "what comes back is no change");
  }));

Deno.test("ObjectRegistrar decides anew where another replica was faster", () =>
  withReplicas(async ([a, b], server) => {
    b.client.isHeld = true;
    await submit(a, register(sampleSession("s1")));
    const late = submit(b, register(sampleSession("s1", { labels: { from: "b" } })));
    await settle(b);
    b.client.release();
    assert.deepEqual(await late, ["changed"]);
    b.client.isHeld = true;
    await submit(a, deregister("s1"));
    const gone = submit(b, register(sampleSession("s1")));
    await settle(b);
    b.client.release();
    assert.deepEqual(await gone, ["created"]);
    assert.equal(server.objects.size, 1);
  }));

Deno.test("ObjectRegistrar takes back what lost its host to another replica's session", () =>
  withReplicas(async ([a, b], server) => {
    await submit(b, register(sampleSession("s9")));
    b.client.isHeld = true;
    await submit(a, register(sampleSession("s1", { host: "h.example.org" })));
    const created = submit(b, register(sampleSession("s2", { host: "h.example.org" })));
    const changed = submit(b, register(sampleSession("s9", { host: "h.example.org" })));
    await settle(b);
    b.client.release();
    assert.deepEqual(await created, ["host_taken"]);
    assert.deepEqual(await changed, ["host_taken"]);
    await settle(a, b);
    assert.deepEqual([...server.objects.keys()].sort(), ["s1", "s9"]);
    for (const { served } of [a, b]) {
      assert.equal(served.get("s1")?.host, "h.example.org");
      assert.equal(served.get("s9")?.host, "s9.example.org", "what was there before is there again");
    }
  }));

Deno.test("ObjectRegistrar never lets a session that was answered for lose its host to one that another replica writes", () =>
  withReplicas(async ([a, b], server) => {
    b.client.isHeld = true;
    assert.deepEqual(await submit(a, register(sampleSession("s1", { host: "h.example.org" }))), ["created"]);
    // Of one second, and the first by name.
    const late = submit(b, register(sampleSession("a1", { host: "h.example.org" })));
    await settle(b);
    b.client.release();
    assert.deepEqual(await late, ["host_taken"]);
    await settle(a, b);
    assert.deepEqual([...server.objects.keys()], ["s1"]);
    for (const { served } of [a, b]) assert.deepEqual([...served.keys()], ["s1"]);
    // Who has the host changes otherwise, while others wait for it.
    await server.client().request("sessions", {
      method: "POST",
      body: { metadata: { name: "z1" }, spec: { address: "10.0.0.1", port: 80, host: "h.example.org" } },
    });
    const changed = sampleSession("s1", { host: "h.example.org", labels: { a: "b" } });
    assert.deepEqual(await submit(b, register(changed)), ["changed"]);
  }));

Deno.test("ObjectRegistrar passes a host on in one step", () =>
  withReplicas(async ([a, b]) => {
    await submit(a, register(sampleSession("s1", { host: "h.example.org" })));
    await settle(a, b);
    const next = register(sampleSession("s2", { host: "h.example.org" }));
    assert.deepEqual(await submit(a, deregister("s1"), next), ["deleted", "created"]);
    await settle(a, b);
    for (const { published } of [a, b]) assert.deepEqual(published, [["s1"], ["s1", "s2"]]);
  }));

Deno.test("ObjectRegistrar passes a host on where somebody else changes the session that gives it up", () =>
  withReplicas(async ([a], server) => {
    await submit(a, register(sampleSession("s1", { host: "h.example.org" })));
    a.client.conflictOn = "s1";
    const next = register(sampleSession("s2", { host: "h.example.org" }));
    const passed = submit(a, deregister("s1"), next);
    await a.time.advance(500);
    assert.deepEqual(await passed, ["deleted", "created"]);
    assert.equal(a.client.conflictOn, undefined);
    assert.deepEqual([...server.objects.keys()], ["s2"]);
    assert.deepEqual([...a.served.keys()], ["s2"]);
  }));

Deno.test("ObjectRegistrar gives the host of a session that has expired to who asks for it, though nobody has removed it", () =>
  withReplicas(async ([a, b]) => {
    await submit(a, register(sampleSession("s1", { host: "h.example.org", ttlMs: 30_000 })));
    await settle(a, b);
    const next = register(sampleSession("s2", { host: "h.example.org" }));
    await b.time.advance(29_000);
    assert.deepEqual(await submit(b, next), ["host_taken"]);
    await b.time.advance(1_000);
    assert.deepEqual(await submit(b, next), ["created"]);
    await settle(a, b);
    for (const { served } of [a, b]) assert.deepEqual([...served.keys()], ["s2"]);
  }));

Deno.test("ObjectRegistrar says that it does not know when the API server does not answer, and a retry finds out", () =>
  withReplicas(async ([a]) => {
    a.client.isDeaf = true;
    await assert.rejects(a.registrar.submit([register(sampleSession("s1"))]), { code: "store_unavailable" });
    a.client.isDeaf = false;
    await settle(a);
    assert.ok(a.served.has("s1"), "it was carried out");
    assert.deepEqual(await submit(a, register(sampleSession("s1"))), ["unchanged"]);
  }));

Deno.test("ObjectRegistrar says so when what it wrote does not come back", () =>
  withReplicas(async ([a]) => {
    a.client.isHeld = true;
    const lost = a.registrar.submit([register(sampleSession("s1")), register(sampleSession("s1"))]);
    const rejected = assert.rejects(lost, { code: "store_unavailable", message: /was written, but .* watch/ });
    await a.time.advance(5_000);
    await rejected;
    a.client.release();
    await settle(a);
    assert.ok(a.served.has("s1"));
  }));

Deno.test("ObjectRegistrar renews a ttl, and every replica knows of it, and nothing is published", () =>
  withReplicas(async ([a, b]) => {
    await submit(a, register(sampleSession("s1", { ttlMs: 30_000 })));
    await a.time.advance(10_000);
    await settle(a, b);
    await b.time.advance(10_000);
    assert.deepEqual(await submit(b, register(sampleSession("s1", { ttlMs: 30_000 }))), ["unchanged"]);
    await settle(a, b);
    const expiries = [a, b].map(({ table }) => table.get("s1")?.expiresAtMs);
    assert.deepEqual(expiries, [b.time.now() + 30_000, b.time.now() + 30_000]);
    assert.deepEqual([a.published, b.published], [[["s1"]], [["s1"]]]);
  }));

Deno.test("ObjectSessions serve what is acceptable, tell what is not, and say the same on every replica", () =>
  withReplicas(async ([a, b], server) => {
    const admin = server.client();
    const spec = { address: "10.0.0.1", port: 80 };
    const create = (name: string, more: object = {}) =>
      admin.request("sessions", { method: "POST", body: { metadata: { name }, spec: { ...spec, ...more } } });
    await create("bad", { address: "x" });
    await create("s2");
    await create("s1", { host: "s2.example.org" });
    await create("odd", { labels: { build: "fails" } });
    await settle(a, b);
    for (const { served } of [a, b]) assert.deepEqual([...served.keys()], ["s1"], "of one second, the first by name");
    const problem = (name: string) => {
      const state = a.states.get(name);
      return state?.accepted === false ? `${state.reason} ${state.message}` : state?.accepted;
    };
    assert.match(String(problem("bad")), /^InvalidSession spec\.address must be/);
    assert.equal(problem("s2"), "NotServable s2.example.org is taken by session ns/s1");
    assert.match(
      String(problem("odd")),
      /^NotServable Cannot serve session "odd".*is odd \(plugin auth, hook route\)$/,
    );
    assert.equal(problem("s1"), true);
    assert.deepEqual(b.states, a.states);
    // Also what is not served can be deleted, or registered anew.
    assert.deepEqual(await submit(b, deregister("s2"), register(sampleSession("bad"))), ["deleted", "created"]);
    await settle(a, b);
    assert.deepEqual([problem("s2"), problem("bad")], [undefined, true]);
    assert.deepEqual(b.states, a.states);
  }));
