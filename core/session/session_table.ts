import sortedBtree from "sorted-btree";
import { SessionDraft, type SessionLookup } from "./session_draft.ts";
import type { SessionRecord } from "./session.ts";

export interface ListOptions {
  /** How many records at most. */
  readonly limit: number;
  /** Only ids after this one; it need not exist (any more). */
  readonly after?: string;
  /** Only sessions that have all of these labels. Without it a page costs no more than what is on it. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface SessionPage {
  /** In the order of ids. */
  readonly records: readonly SessionRecord[];
  /** The `after` of the next page; absent on the last. */
  readonly next?: string;
}

/** All sessions that are registered: what the store has, without what has expired. */
export class SessionTable implements SessionLookup {
  readonly #records = new sortedBtree.default<string, SessionRecord>(undefined, compare);
  readonly #owners = new Map<string, string>();

  get size(): number {
    return this.#records.size;
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.get(id);
  }

  ownerOf(host: string): string | undefined {
    return this.#owners.get(host);
  }

  /** In the order of ids. The table must not change while it is read. */
  records(): Iterable<SessionRecord> {
    return this.#records.values();
  }

  list({ limit, after, labels = {} }: ListOptions): SessionPage {
    const wanted = Object.entries(labels);
    const records: SessionRecord[] = [];
    for (const [id, record] of this.#records.entries(after)) {
      if (id === after || !wanted.every(([key, value]) => labelOf(record, key) === value)) continue;
      if (records.length === limit) {
        const next = records.at(-1)?.session.id;
        return next === undefined ? { records } : { records, next };
      }
      records.push(record);
    }
    return { records };
  }

  /** Changes to try on a copy: `apply()` takes them over, forgetting the draft undoes them. */
  draft(): SessionDraft {
    return new SessionDraft(this);
  }

  /** Takes over what `draft`, made of this table and as it is now, holds. */
  apply(draft: SessionDraft): void {
    for (const [id, record] of draft.changes()) {
      if (record === undefined) this.#records.delete(id);
      else this.#records.set(id, record);
    }
    for (const [host, id] of draft.hostChanges()) {
      if (id === undefined) this.#owners.delete(host);
      else this.#owners.set(host, id);
    }
  }
}

function labelOf(record: SessionRecord, key: string): string | undefined {
  return Object.hasOwn(record.session.labels, key) ? record.session.labels[key] : undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
