import { SessionTally } from "./session_tally.ts";

export interface Removal {
  /** Since when the client has what it should not. */
  readonly since: number;
  /** When it went last: its turn comes when those that may lead to it are as far. */
  readonly generation: number;
  /** Whose it was, if that is known. */
  readonly sessionId?: string | undefined;
}

/** What the client has and should not have any more, until it has accepted the removal. */
export class PendingRemovals {
  /** In the order of `since`. */
  readonly #removals = new Map<string, Removal>();
  /** Those whose turn has come, but whose session is held up: nobody else waits for them. */
  readonly #aside = new Map<string, Removal>();
  readonly #sessions = new SessionTally();
  /** How many of those set aside are of no session that is known. */
  #unknownAside = 0;

  get size(): number {
    return this.#removals.size + this.#aside.size;
  }

  /** Since when there is something that others wait for; infinite when there is nothing. */
  get earliest(): number {
    for (const { since } of this.#removals.values()) return since;
    return Infinity;
  }

  has(name: string): boolean {
    return this.#removals.has(name) || this.#aside.has(name);
  }

  /** Whether anything of the session is to go, though it may be only set aside. What nobody knows may be anybody's. */
  concerns(sessionId: string | undefined): boolean {
    if (sessionId === undefined) return this.#aside.size > 0;
    return this.#sessions.has(sessionId) || this.#unknownAside > 0;
  }

  /** `since` never falls from one call to the next. What is pending already keeps its place. */
  add(name: string, removal: Removal): void {
    const isAside = this.#aside.has(name);
    const since = this.#removals.get(name)?.since ?? removal.since;
    if (this.has(name)) this.#uncount(name);
    (isAside ? this.#aside : this.#removals).set(name, { ...removal, since });
    if (removal.sessionId !== undefined) this.#sessions.add(removal.sessionId);
    else if (isAside) this.#unknownAside++;
  }

  delete(name: string): void {
    if (!this.has(name)) return;
    this.#uncount(name);
    this.#removals.delete(name);
    this.#aside.delete(name);
  }

  /** Forgets the names of which the condition does not hold. */
  keep(condition: (name: string) => boolean): void {
    for (const names of [this.#removals, this.#aside]) {
      for (const name of names.keys()) if (!condition(name)) this.delete(name);
    }
  }

  /** The names to be removed now: no newer than `generation`, and of no session that `waits`. */
  due(generation: number, waits: (sessionId: string | undefined) => boolean): string[] {
    const names: string[] = [];
    for (const [name, removal] of this.#aside) {
      if (removal.generation <= generation && !waits(removal.sessionId)) names.push(name);
    }
    for (const [name, removal] of this.#removals) {
      if (removal.since > generation) break;
      if (removal.generation > generation) continue;
      if (!waits(removal.sessionId)) names.push(name);
      else {
        this.#removals.delete(name);
        this.#aside.set(name, removal);
        if (removal.sessionId === undefined) this.#unknownAside++;
      }
    }
    return names;
  }

  #uncount(name: string): void {
    const aside = this.#aside.get(name);
    const sessionId = (aside ?? this.#removals.get(name))?.sessionId;
    if (sessionId !== undefined) this.#sessions.delete(sessionId);
    else if (aside) this.#unknownAside--;
  }
}
