import type { Session, SessionRecord } from "./session.ts";

/** That a session came, changed or went: `before` is what it was, absent where there was none. What it is now is in the table. */
export interface SessionChange {
  readonly id: string;
  readonly before?: SessionRecord;
}

type Labels = Session["labels"];

interface Entry {
  readonly generation: number;
  readonly id: string;
  /** The labels that the session had before; absent where there was none. */
  readonly labelsBefore: Labels | undefined;
}

/** What became of a session since a generation: the labels that it had then, absent where it was not there. */
export type ChangesSince = ReadonlyMap<string, Labels | undefined>;

/**
 * The last changes of the session table, for those who follow it: each keeps the generation up to which it knows, and asks
 * for what came after. Whoever is slow costs nothing here, and what changed several times comes to it once. A change costs
 * the same however many follow, and reading costs as much as there is to read.
 */
export class SessionFeed {
  readonly #maxChanges: number;
  #entries: Entry[] = [];
  #head = 0;
  #floor = 0;

  /** `maxChanges`: how many are remembered at least. */
  constructor({ maxChanges = 65_536 }: { readonly maxChanges?: number } = {}) {
    this.#maxChanges = maxChanges;
  }

  /** The number of the last change. */
  get head(): number {
    return this.#head;
  }

  /** How many changes are kept, at most twice `maxChanges`. */
  get size(): number {
    return this.#entries.length;
  }

  /** Remembers nothing up to `generation`, and everything from there on. */
  begin(generation: number): void {
    this.#entries = [];
    this.#floor = generation;
    this.#head = generation;
  }

  /** Takes the changes of `generation`, which the table has already. Generations only grow. */
  apply(generation: number, changes: Iterable<SessionChange>): void {
    if (generation <= this.#head) {
      throw new RangeError(`Cannot apply generation ${generation}: the feed is at ${this.#head}`);
    }
    for (const { id, before } of changes) this.#entries.push({ generation, id, labelsBefore: before?.session.labels });
    this.#head = generation;
    if (this.#entries.length > 2 * this.#maxChanges) this.#forget();
  }

  /** What changed after `generation`; `undefined` where that is no longer, or not yet, known. */
  since(generation: number): ChangesSince | undefined {
    if (generation < this.#floor || generation > this.#head) return undefined;
    const changes = new Map<string, Labels | undefined>();
    for (let i = this.#firstAfter(generation); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry !== undefined && !changes.has(entry.id)) changes.set(entry.id, entry.labelsBefore);
    }
    return changes;
  }

  #forget(): void {
    const cut = this.#entries.length - this.#maxChanges;
    this.#floor = this.#entries[cut - 1]?.generation ?? this.#floor;
    this.#entries = this.#entries.slice(cut);
  }

  #firstAfter(generation: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.generation ?? Infinity) > generation) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
