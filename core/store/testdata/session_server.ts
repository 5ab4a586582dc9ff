import type { RequestOptions, WatchEvent } from "../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../kubernetes/kubernetes_error.ts";
import { RENEWED_AT } from "../session_definition.ts";

interface Json {
  readonly metadata: Readonly<Record<string, unknown>> & { readonly name: string; readonly resourceVersion: string };
  readonly spec: unknown;
}

interface Operation {
  readonly path: string;
  readonly value: unknown;
}

/** How one replica reaches the server. */
export interface SessionServerClient {
  /** While true its watch tells of nothing: it is slow. */
  isHeld: boolean;
  /** While true no request gets an answer, though it may be carried out. */
  isDeaf: boolean;
  /** The name of a Session that another has changed just before the next request about it. */
  conflictOn: string | undefined;
  release(): void;
  request(path: string, options?: RequestOptions): Promise<unknown>;
  watch(path: string, options: Pick<RequestOptions, "query" | "signal">): AsyncIterable<readonly WatchEvent[]>;
}

/** An API server that has Sessions and nothing else. */
export class SessionServer {
  readonly objects = new Map<string, Json>();
  readonly #events: (WatchEvent & { readonly version: number })[] = [];
  readonly #wakes = new Set<() => void>();
  #version = 100;
  #made = 0;

  client(): SessionServerClient {
    const request = (path: string, options?: RequestOptions) => this.#request(path, options);
    const watch = (from: number, isHeld: () => boolean, signal: AbortSignal | undefined) =>
      this.#watch(from, isHeld, signal);
    const wake = () => this.#wake();
    return {
      isHeld: false,
      isDeaf: false,
      conflictOn: undefined,
      release() {
        this.isHeld = false;
        wake();
      },
      async request(path, options) {
        if (this.conflictOn !== undefined && path.endsWith(`/${this.conflictOn}`)) {
          this.conflictOn = undefined;
          throw new KubernetesError("the object has been modified", { status: 409 });
        }
        const answer = await request(path, options);
        if (this.isDeaf) throw new KubernetesError("it does not answer", { status: 0 });
        return answer;
      },
      watch(_, { query, signal }) {
        return watch(Number(query?.resourceVersion), () => this.isHeld, signal);
      },
    };
  }

  // deno-lint-ignore require-await -- what throws must reject
  async #request(path: string, { method = "GET", body }: RequestOptions = {}): Promise<unknown> {
    const name = /sessions\/([^/]+)/.exec(path)?.[1] ?? "";
    const present = this.objects.get(name);
    const fail = (status: number) => new KubernetesError(`it answered ${status}`, { status });
    switch (method) {
      case "GET":
        return { metadata: { resourceVersion: String(this.#version) }, items: [...this.objects.values()] };
      case "POST": {
        const { metadata, spec } = body as Json;
        if (this.objects.has(metadata.name)) throw fail(409);
        const creationTimestamp = "2026-01-01T00:00:00Z";
        const created = { ...metadata, namespace: "ns", creationTimestamp, uid: `u${++this.#made}` };
        return this.#put("ADDED", { metadata: created, spec });
      }
      case "PATCH": {
        const operations = body as readonly Operation[];
        if (!present) throw fail(404);
        const valueOf = (path: string) => operations.find((operation) => operation.path === path)?.value;
        if (valueOf("/metadata/resourceVersion") !== present.metadata.resourceVersion) throw fail(409);
        const renewedAt = valueOf(`/metadata/annotations/${RENEWED_AT.replace("/", "~1")}`);
        const metadata = renewedAt === undefined
          ? present.metadata
          : { ...present.metadata, annotations: { [RENEWED_AT]: renewedAt } };
        return this.#put("MODIFIED", { metadata, spec: valueOf("/spec") });
      }
      default: {
        if (!present) throw fail(404);
        const { preconditions } = body as { readonly preconditions: { readonly resourceVersion: string } };
        if (preconditions.resourceVersion !== present.metadata.resourceVersion) throw fail(409);
        this.#put("DELETED", present);
        return { kind: "Status", status: "Success" };
      }
    }
  }

  #put(type: string, object: { readonly metadata: object & { readonly name: string }; readonly spec: unknown }): Json {
    const version = ++this.#version;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    if (type === "DELETED") this.objects.delete(stored.metadata.name);
    else this.objects.set(stored.metadata.name, stored);
    this.#events.push({ type, object: stored, version });
    this.#wake();
    return stored;
  }

  async *#watch(from: number, isHeld: () => boolean, signal?: AbortSignal): AsyncGenerator<readonly WatchEvent[]> {
    yield [];
    for (let seen = from; !signal?.aborted;) {
      const news = isHeld() ? [] : this.#events.filter(({ version }) => version > seen);
      if (news.length === 0) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wakes.add(resolve);
        signal?.addEventListener("abort", () => resolve());
        await promise;
        continue;
      }
      seen = this.#version;
      yield news;
    }
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
    this.#wakes.clear();
  }
}
