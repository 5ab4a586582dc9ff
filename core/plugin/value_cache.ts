import { isDeepStrictEqual } from "node:util";
import type { Cache, CacheOptions, PluginLog } from "./plugin.ts";
import type { SessionReads, Source } from "./session_reads.ts";

export interface ValueCacheContext {
  readonly log: PluginLog;
  /** Ends all loading. */
  readonly signal: AbortSignal;
  readonly reads: SessionReads;
  readonly invalidate: (sessions: readonly string[]) => void;
}

/** Values that are loaded when they are first asked for, and again and again while sessions use them. */
export class ValueCache<Value> implements Cache<Value> {
  readonly #entries = new Map<string, Entry<Value>>();
  readonly #options: CacheOptions<Value>;
  readonly #context: ValueCacheContext;

  /** Throws `RangeError` for a time to live that no timer takes. */
  constructor(options: CacheOptions<Value>, context: ValueCacheContext) {
    const { ttlMs } = options;
    if (!(ttlMs >= 1 && ttlMs < 2 ** 31)) {
      throw new RangeError(`Cannot make a cache of ttlMs ${ttlMs}: must be 1 to 2^31`);
    }
    this.#options = options;
    this.#context = context;
  }

  get(key: string): Value | undefined {
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = new Entry(key, this.#options, { ...this.#context, forget: () => this.#entries.delete(key) });
      this.#entries.set(key, entry);
    }
    this.#context.reads.note(entry);
    return entry.value;
  }
}

class Entry<Value> implements Source {
  value: Value | undefined;
  readonly #key: string;
  readonly #options: CacheOptions<Value>;
  readonly #context: ValueCacheContext & { readonly forget: () => void };
  readonly #users = new Set<string>();
  #version = 0;

  constructor(
    key: string,
    options: CacheOptions<Value>,
    context: ValueCacheContext & { readonly forget: () => void },
  ) {
    this.#key = key;
    this.#options = options;
    this.#context = context;
    void this.#keepLoaded();
  }

  get version(): number {
    return this.#version;
  }

  retain(sessionId: string, seenVersion: number): void {
    this.#users.add(sessionId);
    // It came while the session was on its way.
    if (seenVersion !== this.#version) this.#context.invalidate([sessionId]);
  }

  release(sessionId: string): void {
    this.#users.delete(sessionId);
  }

  /** What nobody uses is forgotten when its time is over: the next session may be about to ask for it. */
  discard(): void {}

  async #keepLoaded(): Promise<void> {
    const { signal, forget } = this.#context;
    do {
      await this.#load();
      await after(this.#options.ttlMs, signal);
    } while (this.#users.size > 0 && !signal.aborted);
    forget();
  }

  async #load(): Promise<void> {
    const { signal, log, invalidate } = this.#context;
    try {
      const value = await this.#options.load(this.#key, signal);
      if (this.#version > 0 && isDeepStrictEqual(value, this.value)) return;
      this.value = value;
      this.#version++;
      if (this.#users.size > 0) invalidate(Array.from(this.#users));
    } catch (error) {
      if (!signal.aborted) log.warn("Cannot load {key}", { key: this.#key, error });
    }
  }
}

/** Resolves when `ms` have passed or the signal is aborted. */
function after(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
