import type { Session, SessionRecord } from "./session.ts";

/** The sessions as they can be read. */
export interface SessionLookup {
  get(id: string): SessionRecord | undefined;
  /** The id of the session that has `host`, as its host or as an alias. */
  ownerOf(host: string): string | undefined;
}

/** Changes on top of a table that does not change meanwhile; each sees those before it. Costs what was changed. */
export class SessionDraft implements SessionLookup {
  readonly #base: SessionLookup;
  readonly #records = new Map<string, SessionRecord | undefined>();
  readonly #owners = new Map<string, string | undefined>();

  constructor(base: SessionLookup) {
    this.#base = base;
  }

  get(id: string): SessionRecord | undefined {
    return this.#records.has(id) ? this.#records.get(id) : this.#base.get(id);
  }

  ownerOf(host: string): string | undefined {
    return this.#owners.has(host) ? this.#owners.get(host) : this.#base.ownerOf(host);
  }

  /** The first host of `session`, its own before its aliases, that another session has; `undefined` where all are free. */
  findTakenHost(
    session: Session,
  ): { readonly path: string; readonly host: string; readonly owner: string } | undefined {
    for (const [i, host] of hostsOf(session).entries()) {
      const owner = this.ownerOf(host);
      if (owner !== undefined && owner !== session.id) {
        // Without an index: aliases are sorted, and no longer where the caller wrote them.
        return { path: i === 0 ? "host" : "aliases", host, owner };
      }
    }
    return undefined;
  }

  /** Adds or replaces. Throws `RangeError` where a host is another session's. */
  put(record: SessionRecord): void {
    const { session } = record;
    const taken = this.findTakenHost(session);
    if (taken !== undefined) {
      throw new RangeError(`Cannot put session "${session.id}": "${taken.owner}" has ${taken.host}`);
    }
    this.delete(session.id);
    this.#records.set(session.id, record);
    for (const host of hostsOf(session)) this.#owners.set(host, session.id);
  }

  /** Whether there was such a session. */
  delete(id: string): boolean {
    const record = this.get(id);
    if (record === undefined) return false;
    for (const host of hostsOf(record.session)) this.#owners.set(host, undefined);
    this.#records.set(id, undefined);
    return true;
  }

  /** The record that each changed id has now; `undefined` where it has none. In the order of their first change. */
  changes(): ReadonlyMap<string, SessionRecord | undefined> {
    return this.#records;
  }

  hostChanges(): ReadonlyMap<string, string | undefined> {
    return this.#owners;
  }
}

function hostsOf(session: Session): readonly string[] {
  return [session.host, ...session.aliases];
}
