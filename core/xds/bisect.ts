/**
 * Finds the culprits in a rejected response: the names in it are tried again in halves, until a rejected response
 * holds one name. Everything innocent is accepted on the way.
 */
export class Bisection {
  readonly #batches: (readonly string[])[] = [];

  get active(): boolean {
    return this.#batches.length > 0;
  }

  /** The names to try next, or none when nothing is left to try. */
  take(): readonly string[] | undefined {
    return this.#batches.shift();
  }

  /** A response with these names was rejected. Returns the culprit if there was but one name in it. */
  rejected(names: readonly string[]): string | undefined {
    if (names.length <= 1) return names[0];
    const middle = Math.ceil(names.length / 2);
    this.#batches.unshift(names.slice(0, middle), names.slice(middle));
    return undefined;
  }
}
