import type { Reflector } from "./reflector.ts";

/** Several reflectors, as one. */
export class Reflectors {
  readonly #all: readonly Pick<Reflector<never>, "synced" | "problem" | "close">[];

  constructor(all: readonly Pick<Reflector<never>, "synced" | "problem" | "close">[]) {
    this.#all = all;
  }

  /** Resolves when each has handed on everything that there is. */
  async synced(): Promise<void> {
    await Promise.all(this.#all.map((reflector) => reflector.synced));
  }

  /** What keeps any from following now, for people. */
  get problems(): readonly string[] {
    return this.#all.flatMap(({ problem }) => problem ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((reflector) => reflector.close()));
  }
}
