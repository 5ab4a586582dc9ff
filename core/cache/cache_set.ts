import { type CacheChange, Draining } from "./draining.ts";
import type { SharedResources } from "./fragment.ts";
import { type Omission, ResourceCache } from "./resource_cache.ts";

interface Group {
  readonly cache: ResourceCache;
  readonly draining: Draining;
}

/** The resources of every group of Envoys. A session is in all groups, or in those that its fragment names. */
export class CacheSet {
  readonly #groups: ReadonlyMap<string, Group>;
  /** In which step a session's resources last changed, in any group. */
  readonly #changedAt = new Map<string, number>();
  #revision = 0;

  /**
   * The shared resources of each group, by its name. Clusters stay `drainMs` milliseconds after their routes. For
   * `onDemand` see `ResourceCache`.
   */
  constructor(
    groups: ReadonlyMap<string, SharedResources>,
    { drainMs, onDemand = false }: { readonly drainMs: number; readonly onDemand?: boolean },
  ) {
    this.#groups = new Map(
      Array.from(groups, ([name, shared]) => [
        name,
        { cache: new ResourceCache(shared, { onDemand }), draining: new Draining(drainMs) },
      ]),
    );
  }

  /** The number of the last step. Steps are counted from the start of the process: they mean nothing to another. */
  get revision(): number {
    return this.#revision;
  }

  /** When `drain` has something to do next, in the milliseconds of `apply`. */
  get nextDrainAtMs(): number | undefined {
    const times = Array.from(this.#groups.values(), ({ draining }) => draining.nextAtMs ?? Infinity);
    const next = Math.min(...times);
    return next === Infinity ? undefined : next;
  }

  /** Takes in changes, at most one a session, as one step of all groups; what they drop drains from `nowMs` on. */
  apply(changes: readonly CacheChange[], nowMs: number): void {
    const revision = ++this.#revision;
    for (const [name, { cache, draining }] of this.#groups) {
      cache.apply(
        revision,
        changes.flatMap((change) => inGroup(change, name, cache)).map((change) =>
          draining.apply(change, cache.fragment(change.id), nowMs)
        ),
      );
    }
    for (const { id, fragment } of changes) {
      if (fragment === undefined) this.#changedAt.delete(id);
      else this.#changedAt.set(id, revision);
    }
  }

  /** What belongs to no session, anew for each of these groups, as one step of all groups. */
  updateShared(groups: ReadonlyMap<string, SharedResources>): void {
    const revision = ++this.#revision;
    for (const [name, { cache }] of this.#groups) {
      const shared = groups.get(name);
      if (shared) cache.updateShared(revision, shared);
      else cache.apply(revision, []);
    }
  }

  /** Drops what has drained by now, as one step. Whether there was anything. */
  drain(nowMs: number): boolean {
    const due = Array.from(this.#groups.values(), ({ cache, draining }) => ({ cache, changes: draining.due(nowMs) }));
    if (due.every(({ changes }) => changes.length === 0)) return false;
    const revision = ++this.#revision;
    for (const { cache, changes } of due) cache.apply(revision, changes);
    return true;
  }

  /** The step that brought the session's present resources; absent where it has none. */
  changedAt(id: string): number | undefined {
    return this.#changedAt.get(id);
  }

  /** As of `ResourceCache`, of all groups. */
  takeOmissions(): readonly Omission[] {
    return Array.from(this.#groups.values()).flatMap(({ cache }) => cache.takeOmissions());
  }

  group(name: string): ResourceCache | undefined {
    return this.#groups.get(name)?.cache;
  }
}

function inGroup(change: CacheChange, group: string, cache: ResourceCache): readonly CacheChange[] {
  const { id, fragment } = change;
  if (fragment?.groups === undefined || fragment.groups.includes(group)) return [change];
  return cache.fragment(id) === undefined ? [] : [{ id, fragment: undefined }];
}
