import { getLogger } from "@logtape/logtape";
import type { Clock } from "../clock.ts";
import type { Session } from "../session/session.ts";
import type { SessionTable } from "../session/session_table.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Store, StoreChange, StoreContents } from "../store/store.ts";
import { CommitPlan } from "./commit_plan.ts";
import { ExpiryQueue } from "./expiry_queue.ts";
import { ObservationQueue, type ReportObserved } from "./observation_queue.ts";
import { ObservedPlan } from "./observed_plan.ts";
import type { BuildResult, Observation, Operation, Outcome, Publication } from "./operation.ts";
import { Rebuilds } from "./rebuilds.ts";
import type { Timers } from "../timers.ts";

export interface RegistrarOptions<F> {
  /** Absent: nothing is registered here, and all sessions are observed. */
  readonly store?: Store;
  /** Written by the registrar alone; empty when it starts. */
  readonly table: SessionTable;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly build: (session: Session) => BuildResult<F>;
  /** Whether the session is served exactly so. Asked of what was built again: what is the same is not published. */
  readonly isServed?: (id: string, fragment: F) => boolean;
  /** Told once for every generation, when it is durable and in the table. */
  readonly publish: (generation: number, changes: readonly Publication<F>[]) => void;
  /** Told of sessions that have followed their Service, when that is published. */
  readonly onFollowed?: (ids: readonly string[]) => void;
}

export interface Committed {
  /** The generation after the operations, which has all of them. */
  readonly generation: number;
  /** One for each operation, in their order. */
  readonly outcomes: readonly Outcome[];
}

interface Submission {
  readonly operations: readonly Operation[];
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: SignalboxError) => void;
}

/** Clocks jump and machines sleep: look again after an hour at the latest. */
const MAX_WAIT_MS = 3_600_000;
/** How long an expiry waits after a commit that failed. Every commit that somebody asks for tries it too. */
const RETRY_MS = 1_000;

const log = getLogger(["signalbox", "registrar"]);

/**
 * The only writer of sessions. Whatever is asked for while a commit is under way, or in the same turn of the event loop,
 * shares the next commit: planned in order, written at once, then in the table, then published as one generation, then
 * answered.
 * What expires is removed in the same way, and what is invalid is built again.
 */
export class Registrar<F> {
  readonly #options: RegistrarOptions<F>;
  readonly #expiries = new ExpiryQueue();
  /** In the store but expired before the start: not in the table, removed with the next commit. */
  readonly #leftovers = new Set<string>();
  readonly #rebuilds: Rebuilds<F>;
  readonly #observations = new ObservationQueue();
  /** Sessions whose Service has other endpoints. */
  readonly #moved = new Set<string>();
  #state: "new" | "running" | "closed" = "new";
  #generation = 0;
  #waiting: Submission[] = [];
  #draining: Promise<void> | undefined;
  #cancelTimer = () => {};
  #lastCommitFailed = false;

  constructor(options: RegistrarOptions<F>) {
    const { table, build, isServed = () => false } = options;
    this.#options = options;
    this.#rebuilds = new Rebuilds({ table, build, isServed });
  }

  /** The number of the last change that is durable and published. */
  get generation(): number {
    return this.#generation;
  }

  /** How many sessions are registered that could not be built: not served, or served as they were before. */
  get failing(): number {
    return this.#rebuilds.failing.size;
  }

  /**
   * Takes over what the store had, publishes it as one change and begins to accept operations. A session that expired
   * meanwhile is not served again; one that can be built no more stays registered without resources, and is logged.
   * Rejects with `store_damaged` where two sessions have one host.
   */
  async start({ generation, records }: StoreContents): Promise<void> {
    if (this.#state !== "new") throw new TypeError("Cannot start the registrar: it was started or closed before");
    const { table, clock } = this.#options;
    const nowMs = clock.now();
    const draft = table.draft();
    const expired: string[] = [];
    for (const record of records) {
      const { session, expiresAtMs } = record;
      if (expiresAtMs !== undefined && expiresAtMs <= nowMs) {
        expired.push(session.id);
        continue;
      }
      const taken = draft.findTakenHost(session);
      if (taken !== undefined) throw sharedHost(session.id, taken);
      draft.put(record);
    }
    table.apply(draft);
    for (const id of expired) this.#leftovers.add(id);
    for (const [id, record] of draft.changes()) this.#expiries.set(id, record?.expiresAtMs);
    this.#generation = generation;
    this.#state = "running";
    this.#publish(this.#rebuilds.buildAll());
    if (this.#leftovers.size > 0) await this.#wake();
    else this.#armTimer();
  }

  /** Adds or replaces a session. Rejects as `submit()` does. */
  register(session: Session): Promise<Outcome> {
    return this.#submitOne({ kind: "register", session });
  }

  /** Rejects as `submit()` does. */
  deregister(id: string): Promise<Outcome> {
    return this.#submitOne({ kind: "deregister", id });
  }

  /**
   * Does `operations` in one commit; one that is refused does not keep the others from being done. Rejects with
   * `store_unavailable` or `store_full`, whereupon nothing has changed, and with `not_ready` before the start and after the end.
   */
  submit(operations: readonly Operation[]): Promise<Committed> {
    if (this.#state !== "running") {
      const state = this.#state === "new" ? "starting" : "stopping";
      return Promise.reject(new SignalboxError("not_ready", `Cannot change sessions: Signalbox is ${state}`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ operations, resolve, reject });
      void this.#wake();
    });
  }

  /**
   * Has sessions built again, some at a time, and published where they became others. One that fails stays as it was or is
   * withdrawn, as its `BuildResult` says; it stays registered either way. Before the start this does nothing: it builds all.
   */
  invalidate(ids: readonly string[] | "all"): void {
    if (this.#state !== "running") return;
    this.#rebuilds.add(ids);
    if (this.#rebuilds.size > 0) void this.#wake();
  }

  /**
   * Takes in, soon and in one step, what a source says of sessions that are its own. They are in the table and published as
   * all others, and not in the store. One whose id or host is registered waits until that is free, and is reported again.
   */
  observe(observations: readonly Observation[], report: ReportObserved): void {
    if (this.#state !== "running") return;
    this.#observations.add(observations, report);
    void this.#wake();
  }

  /** Has sessions follow their Service, which has other endpoints now: soon, in one step, and whatever becomes of the store. */
  follow(ids: Iterable<string>): void {
    if (this.#state !== "running") return;
    for (const id of ids) this.#moved.add(id);
    void this.#wake();
  }

  /** Resolves when everything that was submitted is done. Closes no store. */
  async close(): Promise<void> {
    this.#state = "closed";
    this.#cancelTimer();
    await this.#draining;
  }

  async #submitOne(operation: Operation): Promise<Outcome> {
    const { outcomes: [outcome] } = await this.submit([operation]);
    if (outcome === undefined) throw new TypeError("An operation has no outcome");
    return outcome;
  }

  #wake(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async #drain(): Promise<void> {
    try {
      do {
        await this.#options.timers.nextTurn();
        this.#takeObserved();
        const submissions = this.#waiting;
        this.#waiting = [];
        await this.#commit(submissions);
      } while (
        this.#waiting.length > 0 || this.#observations.size + this.#moved.size > 0 ||
        (this.#hasWork() && !this.#lastCommitFailed)
      );
    } finally {
      // In one step with the look at what waits: a submission in between would find a drain that takes no more.
      this.#draining = undefined;
      this.#armTimer();
    }
  }

  async #commit(submissions: readonly Submission[]): Promise<void> {
    const { store, table, clock, build } = this.#options;
    const nowMs = clock.now();
    const plan = new CommitPlan(table, {
      generation: this.#generation + 1,
      nowMs,
      build,
      failing: this.#rebuilds.failing,
    });
    const outcomes = submissions.map(({ operations }) => operations.map((operation) => plan.decide(operation)));
    // Last, so that a renewal that waited for this commit comes before the expiry.
    const due = this.#expiries.takeDue(nowMs);
    for (const id of due) plan.expire(id);
    const rebuilt = this.#rebuilds.take(plan);

    const removals = Array.from(this.#leftovers).filter((id) => plan.draft.get(id) === undefined);
    const changes = [...removals.map((id): StoreChange => ({ kind: "delete", id })), ...plan.storeChanges()];
    const changesSessions = plan.changesSessions || removals.length > 0;
    const generation = changesSessions ? this.#generation + 1 : this.#generation;
    if (changes.length > 0 || changesSessions) {
      try {
        await store?.commit(generation, changes);
        this.#lastCommitFailed = false;
      } catch (thrown) {
        this.#lastCommitFailed = true;
        for (const id of due) this.#expiries.set(id, table.get(id)?.expiresAtMs);
        this.#rebuilds.add(rebuilt);
        this.#reject(submissions, SignalboxError.from(thrown), due.length + removals.length);
        return;
      }
    }
    const publications = plan.publications();
    table.apply(plan.draft);
    for (const [id, record] of plan.draft.changes()) this.#expiries.set(id, record?.expiresAtMs);
    for (const { id, fragment } of publications) {
      if (fragment !== undefined || table.get(id) === undefined) this.#rebuilds.settled(id);
    }
    this.#leftovers.clear();
    this.#generation = generation;
    if (changesSessions) {
      this.#publish(publications);
      this.#observations.published(publications);
    }
    for (const [i, { resolve }] of submissions.entries()) resolve({ generation, outcomes: outcomes[i] ?? [] });
  }

  /** A generation of its own, whatever becomes of the store: what is gone must not be served because a disk is full. */
  #takeObserved(): void {
    if (this.#observations.size + this.#moved.size === 0) return;
    const { table, store, isServed = () => false, onFollowed } = this.#options;
    const generation = this.#generation + 1;
    const build = (session: Session) => this.#rebuilds.tryBuild(session);
    const options = { generation, build, isServed, hasStore: store !== undefined };
    const plan = new ObservedPlan(table, this.#observations.take(), options);
    const moved = [...this.#moved];
    this.#moved.clear();
    for (const id of moved) plan.follow(id);
    const publications = plan.publications();
    table.apply(plan.draft);
    for (const { id } of publications) this.#rebuilds.settled(id);
    if (plan.changesSessions) {
      this.#generation = generation;
      this.#publish(publications);
    }
    this.#rebuilds.failed([...this.#observations.taken(plan), ...moved.filter((id) => plan.problems.has(id))]);
    if (moved.length === 0 || !plan.changesSessions) return;
    this.#observations.published(publications);
    onFollowed?.(moved);
  }

  #reject(submissions: readonly Submission[], error: SignalboxError, expired: number): void {
    log.error("Cannot commit to the store", { code: error.code, error, requests: submissions.length, expired });
    for (const { reject } of submissions) reject(error);
  }

  /** Whether something is to be done that nobody waits for. */
  #hasWork(): boolean {
    return this.#state === "running" && this.#rebuilds.size > 0;
  }

  /** What was committed stays so, whatever becomes of its publication. */
  #publish(changes: readonly Publication<F>[]): void {
    try {
      this.#options.publish(this.#generation, changes);
    } catch (error) {
      log.error("Cannot publish a generation", { generation: this.#generation, error });
    }
  }

  #armTimer(): void {
    this.#cancelTimer();
    if (this.#state !== "running") return;
    const { timers, clock } = this.#options;
    const nextMs = this.#leftovers.size > 0 || this.#hasWork() ? 0 : this.#expiries.nextAtMs();
    if (nextMs === undefined) return;
    const delayMs = Math.min(Math.max(nextMs - clock.now(), this.#lastCommitFailed ? RETRY_MS : 0), MAX_WAIT_MS);
    this.#cancelTimer = timers.after(delayMs, () => void this.#wake());
  }
}

function sharedHost(id: string, { host, owner }: { readonly host: string; readonly owner: string }): SignalboxError {
  return new SignalboxError("store_damaged", `Cannot start with session "${id}": session "${owner}" has ${host} too`);
}

/** A registrar that has still to be started. */
export function createRegistrar<F>(options: RegistrarOptions<F>): Registrar<F> {
  return new Registrar(options);
}
