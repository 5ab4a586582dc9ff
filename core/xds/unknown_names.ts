/** Room for more misspelt hosts than anybody asks for by accident; each costs its name. */
const MAX_UNKNOWN_NAMES = 10_000;

/**
 * Names that one client has asked for and that nobody has, the least recently asked first. They are kept so that they
 * can be pushed when they come into being, and bounded because whoever may send requests may make them up.
 */
export class UnknownNames {
  readonly #names = new Set<string>();
  readonly #max: number;

  constructor(max = MAX_UNKNOWN_NAMES) {
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
    if (oldest !== undefined) this.#names.delete(oldest);
    return oldest;
  }

  delete(name: string): void {
    if (this.#names.size > 0) this.#names.delete(name);
  }
}
