import { getLogger } from "@logtape/logtape";
import { withEndpoints } from "../session/endpoints.ts";
import type { Session } from "../session/session.ts";
import type { SessionTable } from "../session/session_table.ts";
import type { CommitPlan } from "./commit_plan.ts";
import type { BuildFailure, BuildResult, Publication } from "./operation.ts";

export interface RebuildsOptions<F> {
  readonly table: SessionTable;
  readonly build: (session: Session) => BuildResult<F>;
  /** Whether the session is served exactly so. */
  readonly isServed: (id: string, fragment: F) => boolean;
}

/** How many sessions are built again in one commit: those who wait for the next must not wait for thousands. */
const MAX_REBUILDS = 200;
/** How many sessions a log line names. */
const MAX_NAMED = 5;

const log = getLogger(["signalbox", "registrar"]);

/** Registered sessions that are to be built again, and those that could not be built when that was last tried. */
export class Rebuilds<F> {
  readonly #options: RebuildsOptions<F>;
  /** To be built again, in this order. */
  readonly #invalid = new Set<string>();
  readonly #failing = new Set<string>();

  constructor(options: RebuildsOptions<F>) {
    this.#options = options;
  }

  get failing(): ReadonlySet<string> {
    return this.#failing;
  }

  /** How many there are to be built again. */
  get size(): number {
    return this.#invalid.size;
  }

  /** Takes up those that are registered. */
  add(ids: Iterable<string> | "all"): void {
    const { table } = this.#options;
    if (ids === "all") { for (const { session } of table.records()) this.#invalid.add(session.id); }
    else for (const id of ids) if (table.get(id) !== undefined) this.#invalid.add(id);
  }

  /** Takes up sessions that were just built in vain. */
  failed(ids: Iterable<string>): void {
    for (const id of ids) {
      this.#failing.add(id);
      // Once more, now that it is in the table: only then is it remembered what it failed on.
      this.#invalid.add(id);
    }
  }

  /** A session is published, or gone. */
  settled(id: string): void {
    this.#failing.delete(id);
  }

  /** Builds all sessions of the table, at the start: those that cannot be built are not served, and nothing else is. */
  buildAll(): readonly Publication<F>[] {
    const failures: SessionFailure[] = [];
    const { table } = this.#options;
    const draft = table.draft();
    const publications = Array.from(table.records()).flatMap((record): Publication<F>[] => {
      const { session } = record;
      const { id } = session;
      const built = this.tryBuild(session);
      if (built.endpoints) draft.put(withEndpoints(record, built.endpoints));
      if (built.ok) return [{ id, fragment: built.fragment }];
      this.#failing.add(id);
      failures.push({ session: id, failures: built.failures });
      return [];
    });
    table.apply(draft);
    logFailures(failures, "they are not served");
    return publications;
  }

  /** Builds some of what is to be built again, and adds to the plan what became other; which it took. */
  take(plan: CommitPlan<F>): readonly string[] {
    const taken: string[] = [];
    const failures: SessionFailure[] = [];
    for (const id of this.#invalid) {
      if (taken.length === MAX_REBUILDS) break;
      this.#invalid.delete(id);
      const session = plan.draft.get(id)?.session;
      // What this commit changes is built with what is known by now.
      if (session === undefined || plan.has(id)) continue;
      taken.push(id);
      const built = this.tryBuild(session);
      if (built.ok) {
        this.#failing.delete(id);
        if (!this.#options.isServed(id, built.fragment)) plan.publish(id, built.fragment);
      } else {
        this.#failing.add(id);
        failures.push({ session: id, failures: built.failures });
        if (built.withdraw) plan.publish(id, undefined);
      }
    }
    logFailures(failures, "they stay as they were, or are withdrawn where a plugin's onError says so");
    return taken;
  }

  /** Never throws: a defect costs the session that met it, and no other. */
  tryBuild(session: Session): BuildResult<F> {
    try {
      return this.#options.build(session);
    } catch (error) {
      log.error("Cannot build a session: a defect of Signalbox", { session: session.id, error });
      return { ok: false, failures: [{ path: "", message: "a defect of Signalbox" }] };
    }
  }
}

interface SessionFailure {
  readonly session: string;
  readonly failures: readonly BuildFailure[];
}

/** In one line, for they may be thousands with one and the same cause. */
function logFailures(failures: readonly SessionFailure[], consequence: string): void {
  if (failures.length === 0) return;
  const first = failures.slice(0, MAX_NAMED).map(({ session, failures }) => ({
    session,
    // What was thrown is logged by whoever ran it.
    failures: failures.map(({ cause: _, ...failure }) => failure),
  }));
  log.error("Cannot build {count} registered sessions: {consequence}", { count: failures.length, consequence, first });
}
