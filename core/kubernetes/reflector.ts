import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Timers } from "../timers.ts";
import { Backoff } from "./backoff.ts";
import type { KubernetesClient } from "./kubernetes_client.ts";
import { KubernetesError } from "./kubernetes_error.ts";
import { type ObjectChanges, ObjectSet, type ParseObject } from "./object_set.ts";

/** What is listed and watched. */
export interface Collection {
  /** As in `/api/v1/namespaces/default/pods`. */
  readonly path: string;
  readonly labelSelector?: string;
  /** For people, as in `pods in namespace default`. */
  readonly title: string;
}

export interface ReflectorOptions<T> {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly collection: Collection;
  readonly parse: ParseObject<T>;
  /** Told of everything that changed, the first list included (whatever is in it); not of what stays as it was. */
  readonly onChange: (changes: ObjectChanges<T>, resourceVersion: string) => void;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** From 0 to 1. */
  readonly random?: () => number;
}

const PAGE_SIZE = "500";
const LIST_TIMEOUT_MS = 60_000;
/** The server ends a watch after so long, and half as long again at most: watches spread over its replicas anew. */
const WATCH_SECONDS = 300;
/** After these a watch goes on where it was; after any other the list is made anew, which is always right. */
const RESUMABLE: ReadonlySet<number> = new Set([0, 429, 500, 502, 503]);

const page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.unknown()),
});

const log = getLogger(["signalbox", "kubernetes"]);

/**
 * Follows a collection for as long as it runs: a list, then a watch from there, again and again. What can happen: the
 * watch ends, by its time or because the API server restarts, and goes on where it was; it was away for so long that its
 * place is forgotten (410), and the list is made anew; the API server is away, and what is known stays.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #objects: ObjectSet<T>;
  /** Between tries to reach the server; and where it is reached, but its watches end before they tell anything. */
  readonly #away: Backoff;
  readonly #restless: Backoff;
  readonly #stop = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  readonly #ended: Promise<void>;
  #relist = true;
  #isOpen = false;
  #endPause = () => {};
  #failure: { readonly sinceMs: number; readonly error: KubernetesError } | undefined;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#objects = new ObjectSet(options.parse);
    this.#away = new Backoff(options.random);
    this.#restless = new Backoff(options.random);
    this.#ended = this.#run();
  }

  /** Resolves when the first list is complete and was handed on. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** What is wrong now, for people; `undefined` while the collection is followed. */
  get problem(): string | undefined {
    const { collection: { title }, nowMs } = this.#options;
    if (this.#failure) {
      const { error, sinceMs } = this.#failure;
      return `cannot follow ${title} for ${Math.round((nowMs() - sinceMs) / 1000)} s: ${error.message}`;
    }
    return this.#objects.resourceVersion === undefined ? `listing ${title}` : undefined;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#endPause();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if (this.#relist) await this.#list();
        await this.#watch();
      } catch (thrown) {
        if (signal.aborted) return;
        await this.#pause(KubernetesError.fromFailure(thrown));
      }
      this.#isOpen = false;
    }
  }

  async #list(): Promise<void> {
    const { client, collection: { path, labelSelector } } = this.#options;
    const query = { limit: PAGE_SIZE, ...(labelSelector === undefined ? {} : { labelSelector }) };
    const items: unknown[] = [];
    let next: string | undefined;
    let resourceVersion: string;
    do {
      const answer = await client.request(path, {
        query: next === undefined ? query : { ...query, continue: next },
        timeoutMs: LIST_TIMEOUT_MS,
        signal: this.#stop.signal,
      });
      const { metadata, items: some } = page.parse(answer);
      for (const item of some) items.push(item);
      // The same on every page: the pages together are one moment.
      resourceVersion = metadata.resourceVersion;
      next = metadata.continue || undefined;
    } while (next !== undefined);
    const changes = this.#objects.replace(items, resourceVersion);
    this.#relist = false;
    this.#tell(changes);
    this.#synced.resolve();
    log.debug("Listed {count} {title}", { count: items.length, title: this.#options.collection.title });
  }

  async #watch(): Promise<void> {
    const { client, collection: { path, labelSelector }, nowMs, random = Math.random } = this.#options;
    const openedAtMs = nowMs();
    const events = client.watch(path, {
      query: {
        resourceVersion: this.#objects.resourceVersion ?? "",
        allowWatchBookmarks: "true",
        timeoutSeconds: String(Math.round(WATCH_SECONDS * (1 + random() / 2))),
        ...(labelSelector === undefined ? {} : { labelSelector }),
      },
      signal: this.#stop.signal,
    });
    let heard = false;
    for await (const batch of events) {
      if (!this.#isOpen) this.#opened();
      const { changes, failure } = this.#objects.apply(batch);
      this.#tell(changes);
      if (failure) throw failure;
      if (batch.length === 0) continue;
      heard = true;
      this.#restless.reset();
    }
    // A server that is about to end, or a proxy, may open watches and end them at once.
    if (!heard && nowMs() - openedAtMs < 1000) throw new KubernetesError("it ended the watch at once", { status: 0 });
  }

  #tell(changes: ObjectChanges<T>): void {
    if (changes.size === 0) return;
    const { collection: { title }, onChange } = this.#options;
    try {
      onChange(changes, this.#objects.resourceVersion ?? "");
    } catch (error) {
      log.error("Cannot take in what became of {title}", { title, error });
    }
  }

  async #pause(error: KubernetesError): Promise<void> {
    const { collection: { title }, timers, nowMs } = this.#options;
    if (!RESUMABLE.has(error.status)) this.#relist = true;
    // 410 is no trouble: it says that the list is due.
    const forgotten = error.status === 410;
    if (forgotten) log.info("Listing {title} anew: {reason}", { title, reason: error.message });
    else if (!this.#failure) {
      log.warn("Cannot follow {title}: {reason}", { title, reason: error.message, status: error.status });
      this.#failure = { sinceMs: nowMs(), error };
    } else this.#failure = { ...this.#failure, error };
    const backoff = this.#isOpen ? this.#restless : this.#away;
    const delayMs = Math.max(backoff.next(), error.retryAfterMs ?? 0);
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = timers.after(delayMs, resolve);
    this.#endPause = resolve;
    await promise;
    cancel();
  }

  #opened(): void {
    this.#isOpen = true;
    this.#away.reset();
    if (!this.#failure) return;
    const { collection: { title }, nowMs } = this.#options;
    const ms = Math.round(nowMs() - this.#failure.sinceMs);
    log.info("Following {title} again after {ms} ms", { title, ms });
    this.#failure = undefined;
  }
}
