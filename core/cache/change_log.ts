import type { Resource } from "./resource.ts";

/** The newest thing that happened to a name. */
export interface Change {
  readonly generation: number;
  readonly name: string;
  /** What the name stands for now; absent when it was removed. */
  readonly resource?: Resource;
  /** For a removal: what was there last. */
  readonly removed?: Resource;
}

/** A reader's place in a log: everything up to `position` (a generation) has been read. */
export interface Cursor {
  position: number;
  /** Set when the log gave up on this reader: what it has not read is gone, and it has to start anew. */
  lost: boolean;
}

interface Entry {
  readonly change: Change;
  /** The generation of the name's next change. */
  supersededAt: number;
}

const NOTHING: readonly Change[] = [];

/** Entries kept beside those that are needed before the log is tidied: tidying then costs O(1) per change. */
const SLACK = 1024;

/**
 * What changed in one resource type, in the order of generations, each name at most once in what a reader gets.
 * Reading costs as much as there is to read. The log keeps what its slowest cursor still needs, up to `maxBacklog`
 * changes; a cursor that is further behind is lost, so that one stopped reader cannot use up the memory.
 */
export class ChangeLog {
  #entries: Entry[] = [];
  readonly #latest = new Map<string, Entry>();
  readonly #cursors = new Set<Cursor>();
  readonly #maxBacklog: () => number;
  readonly #slack: number;
  #head: number;
  #keptWhenTidied = 0;
  #lastRead: { readonly position: number; readonly head: number; readonly changes: readonly Change[] } | undefined;

  /** `maxBacklog`: default as many as there are. */
  constructor(options: { readonly head: number; readonly maxBacklog?: () => number; readonly slack?: number }) {
    this.#head = options.head;
    this.#maxBacklog = options.maxBacklog ?? (() => Infinity);
    this.#slack = options.slack ?? SLACK;
  }

  /** Nothing is newer than this generation, and everything up to it is in the log. */
  get head(): number {
    return this.#head;
  }

  /** How many changes are kept, for tests and metrics. */
  get size(): number {
    return this.#entries.length;
  }

  /** A cursor at the head; whoever opens it closes it. */
  open(): Cursor {
    const cursor: Cursor = { position: this.#head, lost: false };
    this.#cursors.add(cursor);
    return cursor;
  }

  close(cursor: Cursor): void {
    this.#cursors.delete(cursor);
  }

  /** All changes of `generation` are in: what brought none of this type must not hold up those who wait for it. */
  advance(generation: number): void {
    if (generation < this.#head) {
      throw new RangeError(`Cannot go to generation ${generation}: the log is at ${this.#head}`);
    }
    if (generation > this.#head) this.#lastRead = undefined;
    this.#head = generation;
  }

  append(change: Change): void {
    this.advance(change.generation);
    const entry: Entry = { change, supersededAt: Infinity };
    const earlier = this.#latest.get(change.name);
    if (earlier) earlier.supersededAt = change.generation;
    this.#latest.set(change.name, entry);
    this.#entries.push(entry);
    this.#lastRead = undefined;
    if (this.#entries.length > 2 * (this.#keptWhenTidied + this.#slack)) this.#tidy();
  }

  /** The generation in which the name last changed, as far back as the log goes: 0 for longer ago. */
  lastChanged(name: string): number {
    return this.#latest.get(name)?.change.generation ?? 0;
  }

  /**
   * What happened after `position`, up to `limit` inclusive (default: all), oldest first: for each name how it stood at
   * the limit, whatever became of it since. Readers in step share one array.
   */
  since(position: number, limit = this.#head): readonly Change[] {
    if (position >= (this.#entries.at(-1)?.change.generation ?? 0)) return NOTHING;
    const shared = this.#lastRead;
    if (shared && shared.position === position && shared.head === limit) return shared.changes;
    const changes: Change[] = [];
    for (let i = this.#firstAfter(position); i < this.#entries.length; i++) {
      const entry = this.#entries[i];
      if (entry === undefined || entry.change.generation > limit) break;
      if (entry.supersededAt > limit) changes.push(entry.change);
    }
    this.#lastRead = { position, head: limit, changes };
    return changes;
  }

  #firstAfter(position: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#entries[middle]?.change.generation ?? Infinity) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #tidy(): void {
    let slowest = this.#head;
    for (const cursor of this.#cursors) if (!cursor.lost) slowest = Math.min(slowest, cursor.position);
    let kept = this.#entries.filter(({ change }) => change.generation > slowest);
    const maxBacklog = this.#maxBacklog();
    if (kept.length > maxBacklog) {
      const cut = kept[kept.length - maxBacklog - 1]?.change.generation ?? this.#head;
      kept = kept.filter(({ change }) => change.generation > cut);
      for (const cursor of this.#cursors) if (cursor.position < cut) cursor.lost = true;
    }
    this.#entries = kept;
    this.#latest.clear();
    for (const entry of kept) this.#latest.set(entry.change.name, entry);
    this.#keptWhenTidied = kept.length;
  }
}
