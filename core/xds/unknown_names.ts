import { NameFilter } from "./name_filter.ts";

/**
 * Names that one client has asked for and that nobody has: they are to be pushed when they come into being, for Envoy
 * does not ask again. Whoever may send requests may make names up, so no more than so many are kept, the least recently
 * asked are let go, and of those only a rough memory stays.
 */
export class UnknownNames {
  readonly #names = new Set<string>();
  readonly #max: number;
  #forgotten: NameFilter | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#names.size;
  }

  /** Returns the name that had to make room for it, if one had to. */
  add(name: string): string | undefined {
    this.#names.delete(name);
    this.#names.add(name);
    if (this.#names.size <= this.#max) return undefined;
    const [oldest] = this.#names;
    if (oldest === undefined) return undefined;
    this.#names.delete(oldest);
    this.#forgotten ??= new NameFilter();
    this.#forgotten.add(oldest);
    return oldest;
  }

  delete(name: string): void {
    if (this.#names.size > 0) this.#names.delete(name);
  }

  /** Whether the name had to make room for others: true if it had, and for a few that had not. */
  mayHaveForgotten(name: string): boolean {
    return this.#forgotten?.mayHave(name) ?? false;
  }
}
