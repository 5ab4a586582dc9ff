import TinyQueue from "tinyqueue";

interface Entry {
  readonly id: string;
  readonly atMs: number;
}

/** Below this a rebuild is not worth it. */
const MIN_STALE = 1_024;

/**
 * Which sessions expire next. A later expiry costs nothing until the earlier time comes, so frequent renewals of long
 * lives do not pile up; entries that mean nothing any more are skipped, and dropped when they outnumber the others.
 */
export class ExpiryQueue {
  readonly #expiries = new Map<string, number>();
  /** The one entry of each id that counts; never after its expiry. */
  readonly #queued = new Map<string, Entry>();
  #heap = new TinyQueue<Entry>([], byTime);

  /** Makes `id` expire at `atMs` (since the epoch), or never where that is `undefined`. */
  set(id: string, atMs: number | undefined): void {
    if (atMs === undefined) {
      this.#expiries.delete(id);
      this.#queued.delete(id);
    } else {
      this.#expiries.set(id, atMs);
      const queued = this.#queued.get(id);
      if (queued === undefined || queued.atMs > atMs) this.#push({ id, atMs });
    }
    if (this.#heap.length > 2 * this.#queued.size + MIN_STALE) {
      this.#heap = new TinyQueue([...this.#queued.values()], byTime);
    }
  }

  /** Removes and returns what has expired at `nowMs`, the earliest first. */
  takeDue(nowMs: number): readonly string[] {
    const due: string[] = [];
    for (let next = this.#first(); next !== undefined && next.atMs <= nowMs; next = this.#first()) {
      due.push(next.id);
      this.set(next.id, undefined);
    }
    return due;
  }

  /** When the next one expires, in milliseconds since the epoch; `undefined` where none does. */
  nextAtMs(): number | undefined {
    return this.#first()?.atMs;
  }

  /** How many entries are held, those that mean nothing any more included. */
  get length(): number {
    return this.#heap.length;
  }

  #push(entry: Entry): void {
    this.#queued.set(entry.id, entry);
    this.#heap.push(entry);
  }

  /** The earliest entry that counts, brought up to date. */
  #first(): Entry | undefined {
    for (let entry = this.#heap.peek(); entry !== undefined; entry = this.#heap.peek()) {
      const { id, atMs } = entry;
      const counts = this.#queued.get(id) === entry;
      const expiry = this.#expiries.get(id);
      if (counts && expiry === atMs) return entry;
      this.#heap.pop();
      if (counts && expiry !== undefined) this.#push({ id, atMs: expiry });
    }
    return undefined;
  }
}

function byTime(a: Entry, b: Entry): number {
  return a.atMs - b.atMs;
}
