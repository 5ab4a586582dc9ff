import assert from "node:assert/strict";
import fc from "fast-check";
import type { Operation, Outcome } from "./operation.ts";
import type { Committed } from "./registrar.ts";
import { type RegistrarBed, sampleSession, startBed } from "./testdata/registrar_bed.ts";
import { FakeTime } from "./testdata/fake_time.ts";
import { type ModelOutcome, RegistrarModel } from "./testdata/registrar_model.ts";
import { StoreDouble, unavailable } from "./testdata/store_double.ts";

const HOSTS = ["h1", "h2", "h3"];
const IDS = ["a", "b", "c"];

const session = fc.record({
  id: fc.constantFrom(...IDS),
  hosts: fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1, maxLength: 2 }),
  port: fc.constantFrom(1, 2),
  ttlMs: fc.constantFrom(undefined, 1_000, 3_000),
  build: fc.constantFrom("works", "works", "works", "works", "fails", "throws"),
}).map(({ id, hosts: [host = "", ...aliases], port, ttlMs, build }) =>
  sampleSession(id, {
    host,
    aliases,
    backends: [{ address: "10.0.0.1", port, weight: 1 }],
    labels: { build },
    ...(ttlMs === undefined ? {} : { ttlMs }),
  })
);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: session.map((session) => ({ kind: "register" as const, session })) },
  { weight: 1, arbitrary: fc.constantFrom(...IDS).map((id) => ({ kind: "deregister" as const, id })) },
);

/** Submissions, each of some operations, that come in one turn. */
const wave = fc.array(fc.array(operation, { maxLength: 4 }), { minLength: 1, maxLength: 3 });
const fails = fc.integer({ min: 0, max: 3 }).map((n) => n === 0);
const jumpMs = fc.constantFrom(0, 0, 0, 400, 1_000, 3_000, -300);

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("submit" as const),
      first: fc.record({ wave, fails, jumpMs }),
      /** Comes while the first is being committed. */
      late: fc.option(fc.record({ wave, fails, jumpMs }), { nil: undefined }),
    }),
  },
  // No less than what an expiry waits after a failure, so that what is due is done.
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.constantFrom(1_000, 2_500), fails }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const), jumpMs, fails }) },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Answer = Committed | { readonly code: string };
type Submit = Extract<Step, { kind: "submit" }>;

const store = (bed: RegistrarBed, fails: boolean) => bed.store.failure = fails ? unavailable() : undefined;

function submit({ registrar }: RegistrarBed, wave: Submit["first"]["wave"]): Promise<readonly Answer[]> {
  return Promise.all(wave.map((operations) => registrar.submit(operations).catch((error) => ({ code: error.code }))));
}

/** The answers that the model gives to a wave that shares one commit. */
function expectAnswers(model: RegistrarModel, { wave, fails }: Submit["first"], nowMs: number): readonly unknown[] {
  const outcomes = model.commit(wave.flat(), { nowMs, fails });
  if (outcomes === undefined) return wave.map(() => ({ code: "store_unavailable" }));
  const rest = outcomes.values();
  return wave.map((operations) => ({
    generation: model.generation,
    outcomes: operations.map(() => rest.next().value),
  }));
}

function comparable(answers: readonly Answer[]): readonly unknown[] {
  const toModel = (outcome: Outcome): ModelOutcome =>
    outcome.status === "refused" ? { status: outcome.status, code: outcome.error.code } : outcome;
  return answers.map((answer) => "outcomes" in answer ? { ...answer, outcomes: answer.outcomes.map(toModel) } : answer);
}

async function doSubmit(bed: RegistrarBed, model: RegistrarModel, { first, late }: Submit): Promise<void> {
  const { time } = bed;
  bed.store.holds = true;
  time.jump(first.jumpMs);
  const answers = submit(bed, first.wave);
  const expected = expectAnswers(model, first, time.now());
  await time.settle();
  const lateAnswers = late && submit(bed, late.wave);
  if (late) time.jump(late.jumpMs);
  store(bed, first.fails);
  if (bed.store.isHeld) bed.store.release();
  assert.deepEqual(comparable(await answers), expected);
  await time.settle();
  if (late && lateAnswers) {
    const expectedLate = expectAnswers(model, late, time.now());
    store(bed, late.fails);
    if (bed.store.isHeld) bed.store.release();
    assert.deepEqual(comparable(await lateAnswers), expectedLate);
    await time.settle();
  }
  bed.store.holds = false;
}

/** Does the step with both; the registrar that is running after it. */
async function doStep(bed: RegistrarBed, model: RegistrarModel, step: Step): Promise<RegistrarBed> {
  if (step.kind === "submit") {
    await doSubmit(bed, model, step);
    return bed;
  }
  store(bed, step.fails);
  if (step.kind === "pass") {
    await bed.time.advance(step.ms);
    if (step.fails) return bed;
    model.pass(bed.time.now());
    // How many commits it takes is not the model's matter; that each is published, is asserted.
    model.generation = bed.registrar.generation;
    return bed;
  }
  await bed.registrar.close();
  bed.time.jump(step.jumpMs);
  model.restart({ nowMs: bed.time.now(), fails: step.fails });
  return startBed(bed);
}

async function assertSame(bed: RegistrarBed, model: RegistrarModel): Promise<void> {
  const records = model.sorted();
  assert.deepEqual([...bed.table.records()], records);
  assert.deepEqual(HOSTS.map((host) => bed.table.ownerOf(host)), HOSTS.map((host) => model.ownerOf(host)));
  const stored = await bed.store.load();
  assert.deepEqual([stored.generation, bed.registrar.generation], [model.generation, model.generation]);
  assert.deepEqual(stored.records.filter(({ session: { id } }) => model.records.has(id)), records);
  assert.equal(stored.records.length, records.length + model.leftovers.size);
  const served = [...bed.served.values()].sort((a, b) => a.id < b.id ? -1 : 1);
  assert.deepEqual(served, records.map(({ session }) => session));
  const waits = model.leftovers.size > 0 || records.some(({ expiresAtMs }) => expiresAtMs !== undefined);
  assert.equal(bed.time.waitsMs.length, waits ? 1 : 0, "timers");
}

/** Every generation once, every id at most once in it, and nothing removed that was not there. */
function assertPublications({ published }: RegistrarBed): void {
  const served = new Set<string>();
  for (const [i, { generation, changes }] of published.entries()) {
    assert.equal(generation, (published[0]?.generation ?? 0) + i);
    assert.equal(new Set(changes.map(({ id }) => id)).size, changes.length);
    for (const { id, fragment } of changes) {
      if (fragment === undefined) assert(served.delete(id), `${id} was not served`);
      else served.add(id);
    }
  }
}

Deno.test("Registrar does as the model does when operations, failures, time and restarts come in any order", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const model = new RegistrarModel();
      let bed = await startBed({ store: new StoreDouble(), time: new FakeTime() });
      for (const each of [...steps, { kind: "pass", ms: 10_000, fails: false } as const]) {
        bed = await doStep(bed, model, each as Step);
        await assertSame(bed, model);
        assertPublications(bed);
      }
      assert.deepEqual(bed.time.waitsMs, []);
      await bed.registrar.close();
    }),
    { numRuns: 300 },
  );
});
