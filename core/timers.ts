/** What waits, as pure code sees it, so that a test need not. */
export interface Timers {
  /** Runs `run` once after `delayMs` milliseconds, at most 2^31 - 1; returns what prevents it. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves when the events that are at hand have been handled. */
  nextTurn(): Promise<void>;
}

export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
};
