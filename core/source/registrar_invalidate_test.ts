import assert from "node:assert/strict";
import type { Session } from "../session/session.ts";
import type { BuildResult, Operation } from "./operation.ts";
import { createRegistrar } from "./registrar.ts";
import { buildSample, type RegistrarBed, sampleSession, startBed } from "./testdata/registrar_bed.ts";
import { FakeTime } from "./testdata/fake_time.ts";
import { StoreDouble, unavailable } from "./testdata/store_double.ts";
import { SessionTable } from "../session/session_table.ts";

const register = (id: string, labels: Session["labels"] = {}): Operation => (
  { kind: "register", session: sampleSession(id, { labels }) }
);

/** A builder whose fragments have a mark that the test changes, and which fails as the test says. */
function createBuilder() {
  const state = {
    mark: "old",
    built: [] as string[],
    fails: (_id: string): "keep" | "withdraw" | "throws" | undefined => undefined,
  };
  const build = (session: Session): BuildResult<Session> => {
    state.built.push(session.id);
    const failure = state.fails(session.id);
    if (failure === "throws") throw new Error("a defect");
    if (failure !== undefined) {
      const failures = [{ path: "", message: "failed", plugin: "auth", hook: "route" }];
      return { ok: false, failures, withdraw: failure === "withdraw" };
    }
    return { ok: true, fragment: { ...session, labels: { ...session.labels, mark: state.mark } } };
  };
  return { state, build };
}

async function startWith(ids: readonly string[]) {
  const { state, build } = createBuilder();
  const bed = await startBed({ build });
  await bed.registrar.submit(ids.map((id) => register(id)));
  state.built.length = 0;
  return { ...bed, state };
}

const marks = ({ served }: Pick<RegistrarBed, "served">) =>
  Object.fromEntries(Array.from(served, ([id, { labels }]) => [id, labels["mark"]]));

Deno.test("Registrar.invalidate() builds sessions again and publishes them as a generation of its own", async () => {
  const bed = await startWith(["a", "b", "c"]);
  bed.state.mark = "new";
  bed.registrar.invalidate(["b", "a", "gone"]);
  await bed.time.settle();
  assert.deepEqual(bed.state.built, ["b", "a"]);
  assert.deepEqual(marks(bed), { a: "new", b: "new", c: "old" });
  assert.equal(bed.registrar.generation, 2);
  assert.deepEqual(await bed.store.load().then(({ generation }) => generation), 2);
  // As registered they are what they were.
  assert.deepEqual([...bed.table.records()].map(({ generation }) => generation), [1, 1, 1]);
  assert.deepEqual(bed.store.commits.at(-1), { generation: 2, changes: [] });
});

Deno.test("Registrar.invalidate() neither writes nor publishes what is the same", async () => {
  const bed = await startWith(["a", "b"]);
  bed.registrar.invalidate("all");
  await bed.time.settle();
  assert.deepEqual(bed.state.built, ["a", "b"]);
  assert.deepEqual([bed.registrar.generation, bed.store.attempts, bed.published.length], [1, 1, 2]);
});

Deno.test("Registrar.invalidate() builds a session once however often it is said, and not what the same commit changes", async () => {
  const bed = await startWith(["a", "b"]);
  bed.state.mark = "new";
  for (let i = 0; i < 3; i++) bed.registrar.invalidate("all");
  await bed.registrar.submit([register("a", { team: "x" })]);
  await bed.time.settle();
  assert.deepEqual(bed.state.built.toSorted(), ["a", "b"]);
  assert.deepEqual(marks(bed), { a: "new", b: "new" });
  assert.equal(bed.registrar.generation, 2);
});

Deno.test("Registrar.invalidate() builds thousands in parts, between which others are served", async () => {
  const ids = Array.from({ length: 1_000 }, (_, i) => `s-${i}`);
  const bed = await startWith(ids);
  bed.state.mark = "new";
  bed.registrar.invalidate("all");
  const answers = [bed.registrar.submit([register("late")])];
  await Promise.all(answers);
  assert(bed.state.built.length < 500, `${bed.state.built.length} were built before the answer`);
  await bed.time.settle();
  assert.deepEqual(new Set(Object.values(marks(bed))), new Set(["new"]));
  assert(bed.published.every(({ changes }) => changes.length <= 1_000));
});

Deno.test("Registrar.invalidate() leaves what cannot be built as it was, and takes away what is withdrawn", async () => {
  const bed = await startWith(["kept", "withdrawn", "defect", "fine"]);
  bed.state.mark = "new";
  bed.state.fails = (id) => ({ kept: "keep", withdrawn: "withdraw", defect: "throws" } as const)[id];
  bed.registrar.invalidate("all");
  await bed.time.settle();
  assert.deepEqual(marks(bed), { kept: "old", defect: "old", fine: "new" });
  assert.deepEqual(bed.published.at(-1)?.changes.map(({ id }) => id).toSorted(), ["fine", "withdrawn"]);
  assert.equal(bed.table.size, 4);
  assert.equal(bed.registrar.failing, 3);
  bed.state.fails = () => undefined;
  bed.registrar.invalidate("all");
  await bed.time.settle();
  assert.deepEqual(marks(bed), { kept: "new", withdrawn: "new", defect: "new", fine: "new" });
  assert.equal(bed.registrar.failing, 0);
});

Deno.test("Registrar refuses a change that cannot be built, and the session stays as it was", async () => {
  const bed = await startWith(["a"]);
  for (const failure of ["keep", "withdraw"] as const) {
    bed.state.fails = () => failure;
    const { outcomes: [changed, added] } = await bed.registrar.submit([register("a", { team: "x" }), register("b")]);
    assert.deepEqual([changed?.status, added?.status], ["refused", "refused"]);
    assert(changed?.status === "refused");
    assert.deepEqual(changed.error.issues, [{ path: "", message: "failed (plugin auth, hook route)" }]);
  }
  assert.deepEqual(marks(bed), { a: "old" });
  assert.deepEqual([bed.registrar.failing, bed.registrar.generation, bed.store.attempts], [0, 1, 1]);
});

Deno.test("Registrar.start() serves nothing of what cannot be built, and tries again when it is registered as it is", async () => {
  const first = await startWith(["a", "b"]);
  await first.registrar.close();
  const { state, build } = createBuilder();
  state.fails = (id) => id === "a" ? "keep" : undefined;
  const bed = await startBed({ store: first.store, build });
  assert.deepEqual(marks(bed), { b: "old" });
  assert.deepEqual([bed.table.size, bed.registrar.failing], [2, 1]);

  const again = await bed.registrar.submit([register("a"), register("b")]);
  assert.deepEqual(again.outcomes.map(({ status }) => status), ["unchanged", "unchanged"]);
  assert.deepEqual(state.built, ["a", "b", "a"]);
  assert.deepEqual([marks(bed), bed.registrar.failing], [{ b: "old" }, 1]);

  state.fails = () => undefined;
  const { generation, outcomes: [outcome] } = await bed.registrar.submit([register("a")]);
  assert.deepEqual([outcome?.status, generation], ["unchanged", 2]);
  assert.deepEqual([marks(bed), bed.registrar.failing], [{ a: "old", b: "old" }, 0]);
  await bed.registrar.submit([{ kind: "deregister", id: "a" }]);
  assert.deepEqual(marks(bed), { b: "old" });
});

Deno.test("Registrar forgets that a session failed when it goes", async () => {
  const bed = await startWith(["a"]);
  bed.state.fails = () => "withdraw";
  bed.registrar.invalidate(["a"]);
  await bed.time.settle();
  assert.equal(bed.registrar.failing, 1);
  await bed.registrar.deregister("a");
  assert.deepEqual([bed.registrar.failing, bed.served.size], [0, 0]);
});

Deno.test("Registrar.invalidate() tries again when the store has failed, without a hurry", async () => {
  const bed = await startWith(["a"]);
  bed.state.mark = "new";
  bed.store.failure = unavailable();
  bed.registrar.invalidate("all");
  await bed.time.settle();
  assert.deepEqual([bed.store.attempts, bed.registrar.generation, marks(bed)], [2, 1, { a: "old" }]);
  assert.deepEqual(bed.time.waitsMs, [1_000]);
  bed.store.failure = undefined;
  await bed.time.advance(1_000);
  assert.deepEqual([bed.registrar.generation, marks(bed)], [2, { a: "new" }]);
  assert.deepEqual(bed.time.waitsMs, []);
});

Deno.test("Registrar.invalidate() does nothing before the start, which builds all, and after the end", async () => {
  const [store, time] = [new StoreDouble(), new FakeTime()];
  const registrar = createRegistrar({
    ...{ store, table: new SessionTable(), clock: time, timers: time, build: buildSample },
    publish: () => {},
  });
  registrar.invalidate("all");
  await registrar.start(await store.load());
  await registrar.submit([register("a")]);
  await registrar.close();
  registrar.invalidate("all");
  await time.settle();
  assert.equal(store.attempts, 1);
});
