/** How many things there are of each session. */
export class SessionTally {
  readonly #counts = new Map<string, number>();

  has(sessionId: string): boolean {
    return this.#counts.has(sessionId);
  }

  add(sessionId: string): void {
    this.#counts.set(sessionId, (this.#counts.get(sessionId) ?? 0) + 1);
  }

  /** One thing less; there must have been one. */
  delete(sessionId: string): void {
    const rest = (this.#counts.get(sessionId) ?? 0) - 1;
    if (rest > 0) this.#counts.set(sessionId, rest);
    else this.#counts.delete(sessionId);
  }
}
