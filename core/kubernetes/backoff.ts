const FIRST_MS = 100;
const LAST_MS = 2_000;

/** How long to wait before the next try: twice as long each time, give or take a half, so that replicas spread out. */
export class Backoff {
  readonly #random: () => number;
  #nextMs = FIRST_MS;

  /** `random` is from 0 to 1. */
  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** In milliseconds. */
  next(): number {
    const delayMs = this.#nextMs * (0.5 + this.#random());
    this.#nextMs = Math.min(this.#nextMs * 2, LAST_MS);
    return delayMs;
  }

  /** It worked. */
  reset(): void {
    this.#nextMs = FIRST_MS;
  }
}
