import type { CacheSet } from "../cache/cache_set.ts";
import type { CacheChange } from "../cache/draining.ts";
import type { SharedResources } from "../cache/fragment.ts";
import type { Deliveries } from "../observe/deliveries.ts";
import type { Timers } from "../timers.ts";

export interface PublisherOptions {
  readonly caches: CacheSet;
  readonly deliveries: Deliveries;
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  /** Called after every step of the caches. */
  readonly advance: () => void;
}

/** How many generations are remembered at least. */
const MAX_STEPS = 32_768;

/** Takes what is durable into the caches, lets clients have it, and drops what has drained. */
export class Publisher {
  readonly #options: PublisherOptions;
  /** Which step brought which generation, the oldest first. */
  readonly #steps: { readonly generation: number; readonly revision: number }[] = [];
  #cancelTimer = () => {};

  constructor(options: PublisherOptions) {
    this.#options = options;
  }

  /** `changes` has at most one change a session. */
  publish(generation: number, changes: readonly CacheChange[]): void {
    const { caches, deliveries, nowMs } = this.#options;
    const now = nowMs();
    caches.apply(changes, now);
    const { revision } = caches;
    this.#steps.push({ generation, revision });
    if (this.#steps.length > 2 * MAX_STEPS) this.#steps.splice(0, MAX_STEPS);
    deliveries.published(revision, changes.map(({ id }) => id), now);
    this.#options.advance();
    this.#arm();
  }

  /** What belongs to no session, by group. */
  publishShared(groups: ReadonlyMap<string, SharedResources>): void {
    const { caches, deliveries, nowMs } = this.#options;
    caches.updateShared(groups);
    deliveries.published(caches.revision, [], nowMs());
    this.#options.advance();
  }

  /** The step that brought the generation, or a later one where that is not remembered; absent for one to come. */
  revisionOf(generation: number): number | undefined {
    let low = 0;
    let high = this.#steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#steps[middle]?.generation ?? Infinity) >= generation) high = middle;
      else low = middle + 1;
    }
    return this.#steps[low]?.revision;
  }

  close(): void {
    this.#cancelTimer();
  }

  #arm(): void {
    const { caches, timers, nowMs } = this.#options;
    this.#cancelTimer();
    const nextAtMs = caches.nextDrainAtMs;
    if (nextAtMs === undefined) return;
    this.#cancelTimer = timers.after(Math.max(0, Math.ceil(nextAtMs - nowMs())), () => this.#drain());
  }

  #drain(): void {
    const { caches, deliveries, nowMs } = this.#options;
    const now = nowMs();
    if (caches.drain(now)) {
      deliveries.published(caches.revision, [], now);
      this.#options.advance();
    }
    this.#arm();
  }
}
