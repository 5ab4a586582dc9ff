/** What waits, as pure code sees it, so that a test need not. */
export interface Timers {
  /** Runs `run` once after `delayMs` milliseconds, at most 2^31 - 1; returns what `clear` takes. */
  set(run: () => void, delayMs: number): number;
  clear(timer: number): void;
  /** Resolves when the events that are at hand have been handled. */
  nextTurn(): Promise<void>;
}

export const systemTimers: Timers = {
  set: (run, delayMs) => setTimeout(run, delayMs),
  clear: (timer) => clearTimeout(timer),
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
};
