import type { SignalboxError } from "../signalbox_error.ts";
import { idOf, type ObservedPlan } from "./observed_plan.ts";
import type { Observation, Publication } from "./operation.ts";

/** Told what became of observations, by id, when they are in the table and published: why one is not served, if so. */
export type ReportObserved = (outcomes: ReadonlyMap<string, SignalboxError | undefined>) => void;

interface Observed {
  readonly observation: Observation;
  readonly report: ReportObserved;
}

/** What was observed and is still to be taken in, or to be served at last; and who is to be told. */
export class ObservationQueue {
  /** By id: the last word of each counts. */
  #waiting = new Map<string, Observed>();
  #taken: ReadonlyMap<string, Observed> = new Map();
  /** Sessions that a registered one keeps out. */
  readonly #blocked = new Map<string, Observed>();
  /** Sessions that could not be built. */
  readonly #unbuilt = new Map<string, ReportObserved>();

  add(observations: readonly Observation[], report: ReportObserved): void {
    for (const observation of observations) this.#waiting.set(idOf(observation), { observation, report });
  }

  /** How many sessions are to be taken in. */
  get size(): number {
    return this.#waiting.size;
  }

  /** What is to be taken in now, one an id; `taken()` says what came of it. */
  take(): readonly Observation[] {
    this.#taken = this.#waiting;
    this.#waiting = new Map();
    return Array.from(this.#taken.values(), ({ observation }) => observation);
  }

  /** What was taken is published. Reports it, and returns the ids of those that could not be built. */
  taken<F>({ blocked, problems }: Pick<ObservedPlan<F>, "blocked" | "problems">): readonly string[] {
    const unbuilt: string[] = [];
    for (const [id, observed] of this.#taken) {
      this.#blocked.delete(id);
      this.#unbuilt.delete(id);
      if (blocked.has(id)) this.#blocked.set(id, observed);
      else if (problems.has(id)) {
        this.#unbuilt.set(id, observed.report);
        unbuilt.push(id);
      }
    }
    for (const [report, entries] of Map.groupBy(this.#taken, ([, observed]) => observed.report)) {
      report(new Map(entries.map(([id]) => [id, problems.get(id)])));
    }
    this.#taken = new Map();
    return unbuilt;
  }

  /** Something else was published: reports what is served at last, and tries again what a session kept out that is gone. */
  published<F>(changes: readonly Publication<F>[]): void {
    for (const { id, fragment } of changes) {
      const report = this.#unbuilt.get(id);
      if (fragment === undefined || !report) continue;
      this.#unbuilt.delete(id);
      report(new Map([[id, undefined]]));
    }
    for (const [id, observed] of this.#blocked) if (!this.#waiting.has(id)) this.#waiting.set(id, observed);
  }
}
