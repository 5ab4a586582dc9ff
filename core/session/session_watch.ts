import type { ChangesSince, SessionFeed } from "./session_feed.ts";
import type { Session, SessionRecord } from "./session.ts";
import type { SessionTable } from "./session_table.ts";

/** A part of the way from what a watcher knows to what is. */
export interface WatchStep {
  /** What the watcher knew is void. */
  readonly reset: boolean;
  readonly changed: readonly SessionRecord[];
  /** May name what the watcher never knew. */
  readonly removed: readonly string[];
  /** What the watcher knows now; absent while more parts follow. */
  readonly generation?: number;
}

export interface SessionWatchOptions {
  readonly table: Pick<SessionTable, "get" | "list">;
  readonly feed: Pick<SessionFeed, "head" | "since">;
  /** Only sessions that have all of these. */
  readonly labels: Session["labels"];
  /** The generation that the watcher knows; absent: it knows nothing, and gets all there is. */
  readonly after?: number;
  /** How many sessions a step has at most. */
  readonly maxSessions: number;
}

/** Where a watch is. */
type Place =
  /** Everything is still to be told of. */
  | { readonly kind: "nothing" }
  /** Everything after the id is still to be told of; what changed since `generation` comes afterwards. */
  | { readonly kind: "snapshot"; readonly generation: number; readonly after: string }
  /** Of what changed up to `generation`, the rest is still to be told of. */
  | { readonly kind: "backlog"; readonly generation: number; readonly rest: Iterator<string> }
  /** `exact`: the watcher knows all as it was at `generation`; else some of it as it came to be later. */
  | { readonly kind: "told"; readonly generation: number; readonly exact: boolean };

/**
 * What one watcher is told, step after step, as fast as it takes them. It holds a position and not what the watcher knows;
 * only of changes that make more than one step, their ids.
 */
export class SessionWatch {
  readonly #options: SessionWatchOptions;
  readonly #wanted: readonly (readonly [string, string])[];
  #place: Place;
  #toldAnything = false;

  constructor(options: SessionWatchOptions) {
    this.#options = options;
    this.#wanted = Object.entries(options.labels);
    this.#place = options.after === undefined
      ? { kind: "nothing" }
      : { kind: "told", generation: options.after, exact: true };
  }

  /** What is to be told next; `undefined` when there is nothing until the feed goes on. The first is there at once. */
  next(): WatchStep | undefined {
    const step = this.#step();
    if (step !== undefined) this.#toldAnything = true;
    return step;
  }

  #step(): WatchStep | undefined {
    switch (this.#place.kind) {
      case "nothing":
        return this.#tellPage(this.#options.feed.head);
      case "snapshot":
        return this.#tellPage(this.#place.generation, this.#place.after);
      case "backlog":
        return this.#tellRest(this.#place.generation, this.#place.rest);
      case "told":
        return this.#tellChanges(this.#place);
    }
  }

  #tellPage(generation: number, after?: string): WatchStep {
    const { table, feed, labels, maxSessions: limit } = this.#options;
    const { records, next } = table.list({ limit, labels, ...(after === undefined ? {} : { after }) });
    const step = { reset: after === undefined, changed: records, removed: [] };
    if (next !== undefined) {
      this.#place = { kind: "snapshot", generation, after: next };
      return step;
    }
    this.#place = { kind: "told", generation, exact: generation === feed.head };
    return this.#place.exact ? { ...step, generation } : step;
  }

  #tellChanges({ generation, exact }: Extract<Place, { kind: "told" }>): WatchStep | undefined {
    const { feed, maxSessions } = this.#options;
    if (generation === feed.head && this.#toldAnything) return undefined;
    const changes = feed.since(generation);
    if (changes === undefined) return this.#tellPage(feed.head);
    const ids = this.#relevant(changes, exact);
    if (ids.length > maxSessions) return this.#tellRest(feed.head, ids.values());
    this.#place = { kind: "told", generation: feed.head, exact: true };
    // Others' changes alone are no news; a step that had no generation yet must get one.
    return ids.length === 0 && exact && this.#toldAnything ? undefined : this.#told(ids, feed.head);
  }

  /** The ids that the watcher has to hear of: it knows them, or is to know them. */
  #relevant(changes: ChangesSince, exact: boolean): readonly string[] {
    return Array.from(changes).flatMap(([id, labelsBefore]) => {
      const wasKnown = !exact || (labelsBefore !== undefined && this.#matches(labelsBefore));
      return wasKnown || this.#find(id) !== undefined ? [id] : [];
    });
  }

  #tellRest(generation: number, rest: Iterator<string>): WatchStep {
    const ids: string[] = [];
    while (ids.length < this.#options.maxSessions) {
      const { done, value } = rest.next();
      if (done) {
        // The table went on while the steps were taken: some was told as it came to be only later.
        this.#place = { kind: "told", generation, exact: generation === this.#options.feed.head };
        return this.#told(ids, this.#place.exact ? generation : undefined);
      }
      ids.push(value);
    }
    this.#place = { kind: "backlog", generation, rest };
    return this.#told(ids);
  }

  #told(ids: readonly string[], generation?: number): WatchStep {
    const changed: SessionRecord[] = [];
    const removed: string[] = [];
    for (const id of ids) {
      const record = this.#find(id);
      if (record === undefined) removed.push(id);
      else changed.push(record);
    }
    return { reset: false, changed, removed, ...(generation === undefined ? {} : { generation }) };
  }

  /** The session as it is now, if the watcher is to know it. */
  #find(id: string): SessionRecord | undefined {
    const record = this.#options.table.get(id);
    return record !== undefined && this.#matches(record.session.labels) ? record : undefined;
  }

  #matches(labels: Session["labels"]): boolean {
    return this.#wanted.every(([key, value]) => Object.hasOwn(labels, key) && labels[key] === value);
  }
}
