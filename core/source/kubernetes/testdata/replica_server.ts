import type { RequestOptions, WatchEvent } from "../../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../../kubernetes/kubernetes_error.ts";

interface Replica {
  readonly metadata: { readonly name: string; readonly uid: string; readonly resourceVersion: string };
  readonly spec: { readonly renewals: number; readonly answers: Readonly<Record<string, string>> };
}

type Body = Pick<Replica, "metadata" | "spec"> & {
  readonly preconditions?: { readonly resourceVersion: string };
  readonly 0?: { readonly value: Replica["spec"] };
};

/** An API server that has Replicas and nothing else. */
export class ReplicaServer {
  readonly replicas = new Map<string, Replica>();
  /** While true it cannot be reached, and its watches tell of nothing. */
  isAway = false;
  writes = 0;
  readonly #events: (WatchEvent & { readonly version: number })[] = [];
  readonly #wakes = new Set<() => void>();
  #version = 100;

  // deno-lint-ignore require-await -- what throws must reject
  async request(path: string, { method = "GET", body }: RequestOptions = {}): Promise<unknown> {
    if (this.isAway) throw new KubernetesError("it is away", { status: 0 });
    const items = [...this.replicas.values()];
    if (method === "GET") return { metadata: { resourceVersion: String(this.#version) }, items };
    this.writes++;
    const fail = (status: number) => new KubernetesError(`it answered ${status}`, { status });
    const given = body as Body;
    const name = /replicas\/([^/]+)/.exec(path)?.[1] ?? given.metadata.name;
    const present = this.replicas.get(name);
    if (method === "POST") {
      if (present) throw fail(409);
      return this.#put("ADDED", { name, uid: `u${this.#version}` }, given.spec);
    }
    if (!present) throw fail(404);
    if (method === "PATCH") return this.#put("MODIFIED", present.metadata, given[0]?.value ?? present.spec);
    const { resourceVersion = present.metadata.resourceVersion } = given.preconditions ?? {};
    if (resourceVersion !== present.metadata.resourceVersion) throw fail(409);
    return this.#put("DELETED", present.metadata, present.spec);
  }

  async *watch(
    _: string,
    { query, signal }: Pick<RequestOptions, "query" | "signal">,
  ): AsyncGenerator<readonly WatchEvent[]> {
    yield [];
    for (let seen = Number(query?.["resourceVersion"]); !signal?.aborted;) {
      const news = this.isAway ? [] : this.#events.filter(({ version }) => version > seen);
      if (news.length > 0) {
        seen = this.#version;
        yield news;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakes.add(resolve);
      signal?.addEventListener("abort", () => resolve());
      await promise;
    }
  }

  /** One that crashed: it says nothing more. */
  addGone(name: string): void {
    this.#put("ADDED", { name, uid: `u${this.#version}` }, { renewals: 7, answers: {} });
  }

  #put(type: string, { name, uid }: Pick<Replica["metadata"], "name" | "uid">, spec: Replica["spec"]): Replica {
    const version = ++this.#version;
    const object = { metadata: { name, uid, resourceVersion: String(version) }, spec };
    if (type === "DELETED") this.replicas.delete(name);
    else this.replicas.set(name, object);
    this.#events.push({ type, object, version });
    for (const wake of this.#wakes) wake();
    this.#wakes.clear();
    return object;
  }
}
