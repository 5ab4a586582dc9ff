import type { Deliveries, Delivery, Subject } from "../observe/deliveries.ts";
import type { Timers } from "../timers.ts";

export interface ReceiptsOptions {
  readonly deliveries: Pick<Deliveries, "delivery" | "settled" | "listen">;
  /** The steps of the caches, by which deliveries are counted. */
  readonly steps: {
    /** The last one. */
    readonly revision: number;
    /** The one that brought a session's present resources; absent where it has none, `Infinity` where it leads nowhere yet. */
    changedAt(sessionId: string): number | undefined;
    /** The one that brought a generation; absent for one that is still to come. */
    revisionOf(generation: number): number | undefined;
  };
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

/** What a receipt is asked for. */
export interface ReceiptOf {
  readonly id: string;
  /** As the session has them. */
  readonly groups?: readonly string[];
}

/** Tells callers whether what they asked for has reached the Envoys. */
export class Receipts {
  readonly #options: ReceiptsOptions;

  constructor(options: ReceiptsOptions) {
    this.#options = options;
  }

  /** Where the Envoys are with a session as it is now: one that was just removed is live when it is gone everywhere. */
  ofSession(session: ReceiptOf): Delivery {
    return this.#now(this.#subjectOf(session));
  }

  /** As `ofSession()`, when that is no longer pending or the time is up. */
  waitForSession(session: ReceiptOf, timeoutMs: number): Promise<Delivery> {
    return this.#wait(this.#subjectOf(session), timeoutMs);
  }

  /** The last step of the caches: everything that there is now came with it or earlier. */
  get lastStep(): number {
    return this.#options.steps.revision;
  }

  /** Where all Envoys are with everything up to a step. */
  ofStep(revision: number): Delivery {
    return this.#now({ revision });
  }

  /** `listener` is told whenever an answer could have become another. */
  listen(listener: () => void): void {
    this.#options.deliveries.listen(listener);
  }

  /** Where all Envoys are with a generation; `undefined` for one that is still to come. */
  ofGeneration(generation: number): Delivery | undefined {
    const revision = this.#options.steps.revisionOf(generation);
    return revision === undefined ? undefined : this.#now({ revision });
  }

  /** As `ofGeneration()`, when that is no longer pending or the time is up. */
  async waitForGeneration(generation: number, timeoutMs: number): Promise<Delivery | undefined> {
    const revision = this.#options.steps.revisionOf(generation);
    return revision === undefined ? undefined : await this.#wait({ revision }, timeoutMs);
  }

  #subjectOf({ id, groups }: ReceiptOf): Subject {
    const { steps } = this.#options;
    const subject = groups === undefined ? { sessionId: id } : { sessionId: id, groups };
    const revision = steps.changedAt(id) ?? steps.revision;
    if (revision !== Infinity) return { ...subject, revision };
    // Whoever waits for it waits for the step that makes it lead somewhere, too.
    return {
      ...subject,
      get revision() {
        return steps.changedAt(id) ?? steps.revision;
      },
    };
  }

  #now(subject: Subject): Delivery {
    return this.#options.deliveries.delivery(subject, this.#options.nowMs());
  }

  async #wait(subject: Subject, timeoutMs: number): Promise<Delivery> {
    const { deliveries, timers, nowMs } = this.#options;
    const { delivery, cancel } = deliveries.settled(subject, nowMs());
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const cancelTimer = timers.after(timeoutMs, resolve);
    const settled = await Promise.race([delivery, late]);
    cancelTimer();
    cancel();
    return settled ?? this.#now(subject);
  }
}
