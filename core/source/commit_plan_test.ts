import assert from "node:assert/strict";
import type { SessionRecord } from "../session/session.ts";
import { SessionTable } from "../session/session_table.ts";
import { CommitPlan } from "./commit_plan.ts";
import type { Operation, Outcome } from "./operation.ts";
import { buildSample, sampleSession } from "./testdata/registrar_bed.ts";

const NOW_MS = 1_000;

function planOver(records: readonly SessionRecord[], operations: readonly Operation[] = []) {
  const table = new SessionTable();
  const draft = table.draft();
  for (const record of records) draft.put(record);
  table.apply(draft);
  const plan = new CommitPlan(table, { generation: 5, nowMs: NOW_MS, build: buildSample });
  return { table, plan, outcomes: operations.map((operation) => plan.decide(operation)) };
}

const register = (...args: Parameters<typeof sampleSession>): Operation => ({
  kind: "register",
  session: sampleSession(...args),
});
const deregister = (id: string): Operation => ({ kind: "deregister", id });
const statuses = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.status);
const errorOf = (outcome: Outcome | undefined) => {
  assert(outcome?.status === "refused");
  const { code, message, issues } = outcome.error;
  return { code, message, issues };
};

const A = sampleSession("a");
const B = sampleSession("b");
const A2 = sampleSession("a", { backends: [{ address: "10.0.0.2", port: 1, weight: 1 }] });
const HELD: SessionRecord = { session: A, generation: 2 };

Deno.test("CommitPlan.decide() creates a session with the plan's generation when there was none", () => {
  const { plan, outcomes, table } = planOver([], [register("a"), register("b", { ttlMs: 500 })]);
  const a = { session: A, generation: 5 };
  const b = { session: { ...B, ttlMs: 500 }, generation: 5, expiresAtMs: 1_500 };
  assert.deepEqual(outcomes, [{ status: "created", record: a }, { status: "created", record: b }]);
  assert.deepEqual(plan.storeChanges(), [{ kind: "put", record: a }, { kind: "put", record: b }]);
  assert.deepEqual(plan.publications(), [{ id: "a", fragment: A }, { id: "b", fragment: b.session }]);
  assert.equal(plan.changesSessions, true);
  assert.equal(table.size, 0);
});

Deno.test("CommitPlan.decide() changes nothing when the same registration is there already", () => {
  const { plan, outcomes } = planOver([HELD], [register("a")]);
  assert.deepEqual(outcomes, [{ status: "unchanged", record: HELD }]);
  assert.deepEqual([plan.changesSessions, plan.storeChanges(), plan.publications()], [false, [], []]);
});

Deno.test("CommitPlan.decide() renews, keeping the generation and publishing nothing, when the same has a ttl", () => {
  const session = { ...A, ttlMs: 700 };
  const { plan, outcomes } = planOver([{ session, generation: 2, expiresAtMs: 1_001 }], [
    register("a", { ttlMs: 700 }),
  ]);
  const record = { session, generation: 2, expiresAtMs: 1_700 };
  assert.deepEqual(outcomes, [{ status: "unchanged", record }]);
  assert.deepEqual(plan.storeChanges(), [{ kind: "put", record }]);
  assert.deepEqual([plan.changesSessions, plan.publications()], [false, []]);
});

Deno.test("CommitPlan.decide() changes a session when any field differs, its ttl too", () => {
  const { outcomes } = planOver([HELD], [
    { kind: "register", session: A2 },
    register("a", { ttlMs: 700 }),
    register("a"),
  ]);
  assert.deepEqual(outcomes, [
    { status: "changed", record: { session: A2, generation: 5 } },
    { status: "changed", record: { session: { ...A, ttlMs: 700 }, generation: 5, expiresAtMs: 1_700 } },
    { status: "changed", record: { session: A, generation: 5 } },
  ]);
});

Deno.test("CommitPlan.publications() leaves out what came and went within the plan", () => {
  const { plan, outcomes } = planOver([], [register("a"), deregister("a"), deregister("a")]);
  assert.deepEqual(statuses(outcomes), ["created", "deleted", "refused"]);
  assert.deepEqual([plan.storeChanges(), plan.publications()], [[], []]);
  assert.equal(plan.changesSessions, true, "its caller was told of a generation");
});

Deno.test("CommitPlan.publications() has the last state alone when a session went and came back", () => {
  const { plan, outcomes } = planOver([HELD], [deregister("a"), register("a")]);
  const record = { session: A, generation: 5 };
  assert.deepEqual(outcomes, [{ status: "deleted", id: "a" }, { status: "created", record }]);
  assert.deepEqual(plan.storeChanges(), [{ kind: "put", record }]);
  assert.deepEqual(plan.publications(), [{ id: "a", fragment: A, before: HELD }]);
});

Deno.test("CommitPlan.publications() has what a session was before the plan when it changed more than once", () => {
  const { plan } = planOver([HELD], [register("a", { ttlMs: 700 }), { kind: "register", session: A2 }]);
  assert.deepEqual(plan.publications(), [{ id: "a", fragment: A2, before: HELD }]);
});

Deno.test("CommitPlan.publications() removes a session when it came back and went again", () => {
  const { plan } = planOver([HELD], [deregister("a"), register("a"), deregister("a")]);
  assert.deepEqual(plan.storeChanges(), [{ kind: "delete", id: "a" }]);
  assert.deepEqual(plan.publications(), [{ id: "a", fragment: undefined, before: HELD }]);
});

Deno.test("CommitPlan.decide() hands a host on when its session is removed or moves away before", () => {
  const removed = planOver([HELD], [deregister("a"), register("b", { host: A.host })]);
  assert.deepEqual(statuses(removed.outcomes), ["deleted", "created"]);
  assert.equal(removed.plan.draft.ownerOf(A.host), "b");
  assert.deepEqual(removed.plan.publications().map(({ id }) => id), ["a", "b"]);

  const moved = planOver([HELD], [register("a", { host: "z.example.org" }), register("b", { aliases: [A.host] })]);
  assert.deepEqual(statuses(moved.outcomes), ["changed", "created"]);
  assert.equal(moved.plan.draft.ownerOf(A.host), "b");
  assert.equal(moved.plan.draft.ownerOf("z.example.org"), "a");
});

Deno.test("CommitPlan.decide() refuses with host_taken when another session has a host, were it of the same plan", () => {
  const { plan, outcomes } = planOver([HELD], [
    register("b"),
    register("c", { host: "c.example.org", aliases: [B.host] }),
    register("d", { host: A.host }),
  ]);
  assert.deepEqual(errorOf(outcomes[1]), {
    code: "host_taken",
    message: 'Cannot register "c": host b.example.org is taken',
    issues: [{ path: "aliases", message: 'is taken: session "b" has b.example.org' }],
  });
  assert.equal(errorOf(outcomes[2]).issues[0]?.path, "host");
  assert.deepEqual(plan.storeChanges().length, 1);
});

Deno.test("CommitPlan.decide() keeps a session as it was when nothing can be built of its change", () => {
  const { plan, outcomes } = planOver([HELD], [
    register("a", { labels: { build: "fails" } }),
    register("a", { labels: { build: "throws" } }),
    register("b"),
  ]);
  assert.deepEqual(errorOf(outcomes[0]), {
    code: "invalid_request",
    message: 'Cannot register "a": no resources can be made of it',
    issues: [{ path: "plugins.auth", message: "is odd (plugin auth, hook route)" }],
  });
  assert.deepEqual(errorOf(outcomes[1]), { code: "internal", message: "a defect", issues: [] });
  assert.equal(plan.draft.get("a"), HELD);
  assert.deepEqual(plan.publications(), [{ id: "b", fragment: B }]);
});

Deno.test("CommitPlan.expire() removes a session when it has expired and was not renewed before", () => {
  const session = { ...A, ttlMs: 700 };
  const expired = { session, generation: 2, expiresAtMs: NOW_MS };
  const { plan } = planOver([expired]);
  assert.equal(plan.expire("a"), true);
  assert.equal(plan.expire("a"), false);
  assert.deepEqual(plan.publications(), [{ id: "a", fragment: undefined, before: expired }]);
  assert.equal(planOver([expired], [{ kind: "register", session }]).plan.expire("a"), false);
  assert.equal(planOver([expired], [register("a")]).plan.expire("a"), false, "it lives for ever now");
  assert.equal(planOver([{ ...expired, expiresAtMs: NOW_MS + 1 }]).plan.expire("a"), false);
});

Deno.test("CommitPlan.decide() gives a host to another session when its owner has expired and still stands", () => {
  const owners = ["a", "c"].map((id): SessionRecord => ({
    session: sampleSession(id, { ttlMs: 700 }),
    generation: 2,
    expiresAtMs: id === "a" ? NOW_MS : NOW_MS - 1,
  }));
  const taker = register("b", { host: A.host, aliases: ["c.example.org"] });
  const { plan, outcomes } = planOver(owners, [taker, register("a", { ttlMs: 700 })]);
  assert.deepEqual(statuses(outcomes), ["created", "refused"]);
  assert.deepEqual(plan.storeChanges().map(({ kind }) => kind), ["delete", "delete", "put"]);
  assert.equal(plan.draft.ownerOf(A.host), "b");
});
