import type { Resource } from "../cache/resource.ts";

/**
 * Finds the culprits in a rejected response: its resources are tried again in parts, until a rejected response holds one
 * of them. Everything innocent is accepted on the way. The client's message is a hint and no more: those that it names
 * are tried last, any other way by halves.
 */
export class Bisection {
  readonly #batches: (readonly Resource[])[] = [];

  get active(): boolean {
    return this.#batches.length > 0;
  }

  /** What is still to be tried. */
  get untried(): readonly Resource[] {
    return this.#batches.flat();
  }

  /** What to try next, as it was in the rejected response; nothing when nothing is left to try. */
  take(): readonly Resource[] | undefined {
    return this.#batches.shift();
  }

  /** A response with these was rejected. Returns the culprit if there was but one in it. */
  rejected(resources: readonly Resource[], message: string): Resource | undefined {
    if (resources.length <= 1) return resources[0];
    const words = new Set(message.split(/[\s,:;'"()]+/));
    const named = resources.filter(({ name }) => words.has(name));
    if (named.length > 0 && named.length < resources.length) {
      this.#batches.unshift(resources.filter(({ name }) => !words.has(name)), named);
      return undefined;
    }
    const middle = Math.ceil(resources.length / 2);
    this.#batches.unshift(resources.slice(0, middle), resources.slice(middle));
    return undefined;
  }
}
