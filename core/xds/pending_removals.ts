/** What the client has and should not have any more, each with the generation of its removal. */
export class PendingRemovals {
  readonly #generations = new Map<string, number>();
  #earliest: number | undefined = Infinity;

  get size(): number {
    return this.#generations.size;
  }

  /** The generation of the oldest; infinite when there are none. */
  get earliest(): number {
    if (this.#earliest === undefined) {
      this.#earliest = Infinity;
      for (const generation of this.#generations.values()) this.#earliest = Math.min(this.#earliest, generation);
    }
    return this.#earliest;
  }

  has(name: string): boolean {
    return this.#generations.has(name);
  }

  add(name: string, generation: number): void {
    this.delete(name);
    this.#generations.set(name, generation);
    if (this.#earliest !== undefined) this.#earliest = Math.min(this.#earliest, generation);
  }

  delete(name: string): void {
    if (this.#generations.size === 0) return;
    if (this.#generations.get(name) === this.#earliest) this.#earliest = undefined;
    this.#generations.delete(name);
  }

  /** Forgets the names of which the condition does not hold. */
  keep(condition: (name: string) => boolean): void {
    for (const name of this.#generations.keys()) if (!condition(name)) this.delete(name);
  }

  /** The names whose removal is no newer than `generation`. */
  *upTo(generation: number): Iterable<string> {
    if (this.earliest > generation) return;
    for (const [name, at] of this.#generations) if (at <= generation) yield name;
  }
}
