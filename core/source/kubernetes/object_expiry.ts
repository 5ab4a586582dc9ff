import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../clock.ts";
import type { KubernetesStore, SessionObjectChanges } from "../../store/kubernetes_store.ts";
import type { Timers } from "../../timers.ts";
import { ExpiryQueue } from "../expiry_queue.ts";

export interface ObjectExpiryOptions {
  readonly store: Pick<KubernetesStore, "objects" | "write">;
  readonly clock: Clock;
  readonly timers: Timers;
}

/** Who leads anew waits so long: while nobody led, the API server may have been away, and nobody could renew anything. */
const GRACE_MS = 5_000;
const RETRY_MS = 1_000;
/** Clocks jump and machines sleep: look again after a minute at the latest. */
const MAX_WAIT_MS = 60_000;

const log = getLogger(["signalbox", "store"]);

/**
 * Deletes the Sessions whose ttl is over, while this replica leads. Every replica knows when that is, so that none is lost
 * when another leads. An object is deleted as it is known here, or not at all: a renewal that was not heard of yet counts.
 */
export class ObjectExpiry {
  readonly #options: ObjectExpiryOptions;
  readonly #queue = new ExpiryQueue();
  #isLeader = false;
  #isBusy = false;
  /** Not before, by the clock. */
  #fromMs = 0;
  #cancelTimer = () => {};

  constructor(options: ObjectExpiryOptions) {
    this.#options = options;
  }

  takeIn(changes: SessionObjectChanges): void {
    for (const [uid, object] of changes) this.#queue.set(uid, object?.expiresAtMs);
    this.#arm();
  }

  lead(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#fromMs = this.#options.clock.now() + GRACE_MS;
    this.#arm();
  }

  #arm(): void {
    this.#cancelTimer();
    if (!this.#isLeader || this.#isBusy) return;
    const nextAtMs = this.#queue.nextAtMs();
    if (nextAtMs === undefined) return;
    const { clock, timers } = this.#options;
    const delayMs = Math.max(nextAtMs, this.#fromMs) - clock.now();
    this.#cancelTimer = timers.after(Math.min(Math.max(delayMs, 0), MAX_WAIT_MS), () => void this.#expire());
  }

  async #expire(): Promise<void> {
    const { store, clock } = this.#options;
    const nowMs = clock.now();
    if (nowMs < this.#fromMs) return this.#arm();
    const due = this.#queue.takeDue(nowMs).flatMap((uid) => store.objects.get(uid) ?? []);
    this.#isBusy = true;
    const failures = await store.write(due.map((object) => ({ kind: "expire", object })));
    this.#isBusy = false;
    for (const { uid, name, expiresAtMs } of due) {
      const failure = failures.get(name);
      if (failure === undefined) log.debug("Session {session} has expired", { session: name });
      // As it is by now, or else it is tried again.
      const present = store.objects.get(uid);
      if (present) this.#queue.set(uid, present.expiresAtMs ?? expiresAtMs);
    }
    if (failures.size > 0) this.#fromMs = Math.max(this.#fromMs, clock.now() + RETRY_MS);
    this.#arm();
  }
}
