import type { Clock } from "../../clock.ts";
import { sameRegistration } from "../../session/same_registration.ts";
import type { Session, SessionRecord } from "../../session/session.ts";
import type { SessionTable } from "../../session/session_table.ts";
import { SignalboxError } from "../../signalbox_error.ts";
import type { KubernetesStore, ObjectChange, WriteFailure } from "../../store/kubernetes_store.ts";
import type { StoreChange } from "../../store/store.ts";
import type { Timers } from "../../timers.ts";
import { CommitPlan } from "../commit_plan.ts";
import type { BuildResult, Operation, Outcome } from "../operation.ts";
import type { Committed } from "../registrar.ts";
import type { ObjectSessions } from "./object_sessions.ts";

export interface ObjectRegistrarOptions<F> {
  readonly store: Pick<KubernetesStore, "get" | "write" | "untilNews" | "version">;
  readonly table: SessionTable;
  readonly objects: Pick<ObjectSessions, "stateOf" | "cameLate">;
  /** Of what was published last. */
  readonly generation: () => number;
  readonly build: (session: Session) => BuildResult<F>;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Told of every write: how long it took, in seconds, or that the store did not take it. */
  readonly onWritten: (seconds: number | "failed") => void;
  readonly nowMs: () => number;
}

interface Step {
  readonly operation: Operation;
  outcome: Outcome;
}

interface Attempt {
  readonly failure: WriteFailure | undefined;
  /** The session as it was when the step was decided. */
  readonly before: SessionRecord | undefined;
  /** Up to where the store was known then. */
  readonly version: string;
}

interface Submission {
  readonly steps: readonly Step[];
  readonly resolve: () => void;
}

/** How often an operation is decided anew where others change the same object. */
const MAX_TRIES = 10;

/**
 * Writes sessions as objects of the cluster. Operations that come together are decided together, as one replica alone would,
 * and written; where another replica was faster they are decided anew. They are answered when the API server has them and
 * its watch has told of them: then they are served here, and every other replica hears the same.
 */
export class ObjectRegistrar<F> {
  readonly #options: ObjectRegistrarOptions<F>;
  #waiting: Submission[] = [];
  #draining: Promise<void> | undefined;

  constructor(options: ObjectRegistrarOptions<F>) {
    this.#options = options;
  }

  /** As `Registrar.submit()`; what the API server did not take is refused with `store_unavailable`, each for itself. */
  async submit(operations: readonly Operation[]): Promise<Committed> {
    const steps = operations.map((operation): Step => ({ operation, outcome: UNDECIDED }));
    await new Promise<void>((resolve) => {
      this.#waiting.push({ steps, resolve });
      this.#draining ??= this.#drain();
    });
    const outcomes = steps.map(({ outcome }) => outcome);
    const lost = outcomes.find((outcome) => isUnavailable(outcome));
    if (lost?.status === "refused" && outcomes.every(isUnavailable)) throw lost.error;
    return { generation: this.#options.generation(), outcomes };
  }

  /** Resolves when everything that was submitted is answered. */
  async close(): Promise<void> {
    await this.#draining;
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#options.timers.nextTurn();
      const submissions = this.#waiting;
      this.#waiting = [];
      const steps = submissions.flatMap((submission) => submission.steps);
      try {
        await this.#carryOut(steps);
      } catch (thrown) {
        // A defect: those who wait are told, and those who come later have a chance.
        for (const step of steps) step.outcome = refuse(SignalboxError.from(thrown));
      }
      for (const { resolve } of submissions) resolve();
    }
    this.#draining = undefined;
  }

  async #carryOut(all: readonly Step[]): Promise<void> {
    const { store } = this.#options;
    let open = all;
    for (let tries = 0; open.length > 0; tries++) {
      const known = new Map(open.map((step) => [idOf(step), store.get(idOf(step))]));
      const conflicts = await this.#try(open);
      if (tries === MAX_TRIES) {
        for (const step of conflicts) step.outcome = refuse(unsettled(idOf(step)));
        return;
      }
      await Promise.all(conflicts.map((step) => store.untilNews(idOf(step), known.get(idOf(step)))));
      open = conflicts;
    }
  }

  /** Decides and writes; which steps are to be decided anew. */
  async #try(steps: readonly Step[]): Promise<readonly Step[]> {
    const { table, store, build, clock, nowMs, onWritten, generation } = this.#options;
    const plan = new CommitPlan(table, { generation: generation() + 1, nowMs: clock.now(), build });
    const unserved = new Set<string>();
    for (const step of steps) step.outcome = this.#decide(plan, step.operation, unserved);
    const planned = plan.storeChanges();
    // What is registered after all replaces its object.
    for (const change of planned) unserved.delete(change.kind === "put" ? change.record.session.id : change.id);
    const changes: ObjectChange[] = [
      ...planned,
      ...Array.from(unserved, (id): StoreChange => ({ kind: "delete", id })),
    ];
    if (changes.length === 0) return [];
    const before = new Map(steps.map((step) => [idOf(step), table.get(idOf(step))]));
    const { version } = store;
    const startedAtMs = nowMs();
    const failures = await store.write(changes);
    onWritten(
      [...failures.values()].some((failure) => failure !== "conflict") ? "failed" : (nowMs() - startedAtMs) / 1000,
    );
    const isInConflict = (step: Step) => failures.get(idOf(step)) === "conflict";
    const lost = new Set<Step>();
    await Promise.all(steps.map(async (step) => {
      const { operation } = step;
      const record = before.get(idOf(step));
      if (!this.#settle(step, { failure: failures.get(idOf(step)), before: record, version })) return;
      lost.add(step);
      if (operation.kind === "register") await this.#undo(operation.session, record);
    }));
    // What was to give up a host may be among the conflicts.
    return steps.some(isInConflict) ? steps.filter((step) => isInConflict(step) || lost.has(step)) : [];
  }

  /** Puts back what was there before, unless somebody else has changed the session meanwhile. */
  async #undo(session: Session, before: SessionRecord | undefined): Promise<void> {
    const { store } = this.#options;
    const { id } = session;
    const change: ObjectChange = before ? { kind: "put", record: before } : { kind: "delete", id };
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const object = store.get(id);
      if (!object?.parsed.ok || !sameRegistration(object.parsed.session, session)) return;
      if ((await store.write([change])).get(id) !== "conflict") return;
      await store.untilNews(id, object);
    }
  }

  /** A session that is not served has an object all the same, which can be removed: `unserved` is told of it. */
  #decide(plan: CommitPlan<F>, operation: Operation, unserved: Set<string>): Outcome {
    const outcome = plan.decide(operation);
    const { store, table } = this.#options;
    if (operation.kind !== "deregister" || outcome.status !== "refused" || outcome.error.code !== "not_found") {
      return outcome;
    }
    const { id } = operation;
    if (table.get(id) || !store.get(id) || unserved.has(id)) return outcome;
    unserved.add(id);
    return { status: "deleted", id };
  }

  /** Says what came of it; whether it has to be undone: another replica wrote a session with its host just before. */
  #settle(step: Step, { failure, before, version }: Attempt): boolean {
    const { outcome } = step;
    const { store, table, objects } = this.#options;
    if (outcome.status === "refused" || failure === "conflict") return false;
    if (failure) {
      step.outcome = refuse(failure);
      return false;
    }
    if (outcome.status === "deleted") return false;
    const { session } = outcome.record;
    const object = store.get(session.id);
    const state = object && objects.stateOf(object);
    const had = before ? hostsOf(before.session) : [];
    const taken = hostsOf(session).filter((host) => !had.includes(host));
    const record = table.get(session.id);
    const isServed = record && sameRegistration(record.session, session);
    if (isServed && !objects.cameLate(session.id, taken, version)) {
      step.outcome = { ...outcome, record };
      return false;
    }
    if (!isServed && state?.accepted !== false) return false;
    const reason = state?.accepted === false ? state.message : "its host was taken just before";
    step.outcome = refuse(new SignalboxError("host_taken", `Cannot register "${session.id}": ${reason}`));
    return true;
  }
}

const UNDECIDED: Outcome = { status: "refused", error: new SignalboxError("internal", "It was not decided") };

function isUnavailable(outcome: Outcome): boolean {
  return outcome.status === "refused" && outcome.error.code === "store_unavailable";
}

function refuse(error: SignalboxError): Outcome {
  return { status: "refused", error };
}

function unsettled(id: string): SignalboxError {
  return new SignalboxError("store_unavailable", `Cannot write session "${id}": others change it at the same time`);
}

function idOf({ operation }: Step): string {
  return operation.kind === "register" ? operation.session.id : operation.id;
}

function hostsOf({ host, aliases }: Session): readonly string[] {
  return [host, ...aliases];
}
