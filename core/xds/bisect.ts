import type { Resource } from "../cache/resource.ts";

/**
 * Finds the culprits in a rejected response: its resources are tried again in halves, until a rejected response holds
 * one of them. Everything innocent is accepted on the way.
 */
export class Bisection {
  readonly #batches: (readonly Resource[])[] = [];

  get active(): boolean {
    return this.#batches.length > 0;
  }

  /** Whether it is still to be tried. */
  holds(resource: Resource): boolean {
    return this.#batches.some((batch) => batch.includes(resource));
  }

  /** What to try next, as it was in the rejected response; nothing when nothing is left to try. */
  take(): readonly Resource[] | undefined {
    return this.#batches.shift();
  }

  /** A response with these was rejected. Returns the culprit if there was but one in it. */
  rejected(resources: readonly Resource[]): Resource | undefined {
    if (resources.length <= 1) return resources[0];
    const middle = Math.ceil(resources.length / 2);
    this.#batches.unshift(resources.slice(0, middle), resources.slice(middle));
    return undefined;
  }
}
