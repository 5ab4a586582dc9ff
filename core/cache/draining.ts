import type { ClusterPart, Fragment, WholePart } from "./fragment.ts";

/** A session's resources taking the place of its earlier ones; without a fragment the session is gone. */
export interface CacheChange {
  readonly id: string;
  readonly fragment: Fragment | undefined;
}

interface Leaving {
  readonly atMs: number;
  readonly cluster?: ClusterPart;
  readonly secret?: WholePart;
}

interface Drained {
  fragment: Fragment;
  /** By the name of the cluster or secret, with a prefix for its kind. */
  readonly leaving: Map<string, Leaving>;
}

/**
 * Keeps the clusters of a session, and the secrets that they use, for a while after its routes have left them: calls
 * that were on their way end well. Routes go at once, and so does everything of a session that is gone: its addresses may
 * be another's within moments, and there Envoy would try a call again whose pod has ended. Streams that are open stay.
 */
export class Draining {
  readonly #drainMs: number;
  readonly #sessions = new Map<string, Drained>();
  /** In the order of time, since everything stays as long. */
  readonly #queue: { readonly atMs: number; readonly id: string; readonly key: string }[] = [];

  constructor(drainMs: number) {
    this.#drainMs = drainMs;
  }

  /** When something is over next, in milliseconds of `nowMs`. */
  get nextAtMs(): number | undefined {
    return this.#queue[0]?.atMs;
  }

  /** The change as it is to be taken in now. `previous` is what the cache has of the session. */
  apply({ id, fragment }: CacheChange, previous: Fragment | undefined, nowMs: number): CacheChange {
    if (this.#drainMs === 0 || !previous || !fragment) {
      this.#sessions.delete(id);
      return { id, fragment };
    }
    const drained = this.#sessions.get(id) ?? { fragment, leaving: new Map<string, Leaving>() };
    drained.fragment = fragment;
    const kept = new Set(fragment.clusters.map(({ name }) => `cluster ${name}`));
    for (const { name } of fragment.secrets) kept.add(`secret ${name}`);
    const leave = (key: string, name: string, part: Omit<Leaving, "atMs">) => {
      if (kept.has(key)) drained.leaving.delete(key);
      // A secret that has a host's name is the next session's as soon as that has the host.
      else if (!drained.leaving.has(key) && isOwn(id, name)) {
        const atMs = nowMs + this.#drainMs;
        drained.leaving.set(key, { ...part, atMs });
        this.#queue.push({ atMs, id, key });
      }
    };
    for (const cluster of previous.clusters) leave(`cluster ${cluster.name}`, cluster.name, { cluster });
    for (const secret of previous.secrets) leave(`secret ${secret.name}`, secret.name, { secret });
    return this.#settle(id, drained);
  }

  /** What is over by now, as changes. */
  due(nowMs: number): readonly CacheChange[] {
    const ids = new Set<string>();
    let count = 0;
    for (const { atMs, id, key } of this.#queue) {
      if (atMs > nowMs) break;
      count++;
      const drained = this.#sessions.get(id);
      // It may have come back, or left once more, since.
      if (drained?.leaving.get(key)?.atMs !== atMs) continue;
      drained.leaving.delete(key);
      ids.add(id);
    }
    this.#queue.splice(0, count);
    return [...ids].flatMap((id) => {
      const drained = this.#sessions.get(id);
      return drained ? [this.#settle(id, drained)] : [];
    });
  }

  #settle(id: string, drained: Drained): CacheChange {
    const { fragment, leaving } = drained;
    if (leaving.size === 0) {
      this.#sessions.delete(id);
      return { id, fragment };
    }
    this.#sessions.set(id, drained);
    const parts = [...leaving.values()];
    return {
      id,
      fragment: {
        ...fragment,
        clusters: [
          ...fragment.clusters,
          ...parts.flatMap(({ cluster }) => cluster ? { ...cluster, leaving: true as const } : []),
        ],
        secrets: [...fragment.secrets, ...parts.flatMap(({ secret }) => secret ?? [])],
      },
    };
  }
}

function isOwn(id: string, name: string): boolean {
  return name === id || name.startsWith(`${id}/`);
}
