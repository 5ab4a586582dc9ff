import type { Clock } from "../../clock.ts";
import type { Timers } from "../../timers.ts";

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** Time that passes when a test says so. */
export class FakeTime implements Clock, Timers {
  readonly #timers = new Set<Timer>();
  #elapsedMs = 0;
  #clockMs: number;
  #turnsAwaited = 0;

  constructor(nowMs = 1_000_000) {
    this.#clockMs = nowMs;
  }

  now(): number {
    return this.#clockMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.#elapsedMs + delayMs, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async nextTurn(): Promise<void> {
    this.#turnsAwaited++;
    await turn();
    this.#turnsAwaited--;
  }

  /** How long each timer that is set has still to wait. */
  get waitsMs(): readonly number[] {
    return Array.from(this.#timers, ({ atMs }) => atMs - this.#elapsedMs).sort((a, b) => a - b);
  }

  /** Resolves when nothing goes on any more without time passing. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 2; quiet = this.#turnsAwaited === 0 ? quiet + 1 : 0) await turn();
  }

  /** The clock is put forward, or back, while timers feel nothing. */
  jump(byMs: number): void {
    this.#clockMs += byMs;
  }

  /** Lets time pass, and each timer do its work when it is due. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#elapsedMs + byMs;
    await this.settle();
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      this.#moveTo(next?.atMs ?? endMs);
      if (next === undefined) return;
      this.#timers.delete(next);
      next.run();
      await this.settle();
    }
  }

  #moveTo(elapsedMs: number): void {
    this.#clockMs += elapsedMs - this.#elapsedMs;
    this.#elapsedMs = elapsedMs;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
