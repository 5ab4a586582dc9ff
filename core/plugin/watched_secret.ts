import { getLogger } from "@logtape/logtape";
import type { Source } from "./session_reads.ts";

/** What is wrong is said without a word of the secret. */
export type ReadText = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

export interface WatchedSecretOptions {
  /** Reads what it is now, synchronously: a session is built in one step. */
  readonly readText: () => ReadText;
  /** Whether its last text is given to whoever asks, as long as it is in use, when it can be read no more. */
  readonly keepsText: boolean;
  /** It is in use: from now on `readAgain()` is to be called when it may have changed, and once since it may have by now. */
  watch(): void;
  /** Nobody uses it. */
  forget(): void;
  changed(users: readonly string[] | "all"): void;
}

const log = getLogger(["signalbox", "plugins"]);

/** One secret outside of Signalbox, and who uses it: sessions, or a plugin and with it all of them. */
export class WatchedSecret implements Source {
  readonly #options: WatchedSecretOptions;
  readonly #users = new Set<string>();
  #usedByAll = false;
  #watched = false;
  #read: ReadText | undefined;
  #version = 0;

  constructor(options: WatchedSecretOptions) {
    this.#options = options;
  }

  get version(): number {
    return this.#version;
  }

  /** What was last read. Throws `Error` where it could not be. */
  text(): string {
    if (!this.#watched) this.#take(this.#options.readText());
    if (this.#read?.ok) return this.#read.text;
    throw new Error(this.#read?.problem);
  }

  /** To be called when it may have changed. */
  readAgain(): void {
    if (!this.#take(this.#options.readText())) return;
    if (this.#usedByAll) this.#options.changed("all");
    else if (this.#users.size > 0) this.#options.changed(Array.from(this.#users));
  }

  retain(sessionId: string, seenVersion: number): void {
    this.#users.add(sessionId);
    this.#watch();
    if (seenVersion !== this.#version) this.#options.changed([sessionId]);
  }

  /** A plugin uses it until the end. */
  retainForAll(): void {
    this.#usedByAll = true;
    this.#watch();
  }

  release(sessionId: string): void {
    this.#users.delete(sessionId);
    this.discard();
  }

  discard(): void {
    if (this.#users.size > 0 || this.#usedByAll) return;
    // The next to use it may have read it already.
    this.#watched = false;
    this.#options.forget();
  }

  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    this.#options.watch();
  }

  /** Whether that is another text than before. That there is none any more changes nothing of what is served. */
  #take(now: ReadText): boolean {
    const before = this.#read;
    if (before?.ok && !now.ok && this.#watched) {
      const { keepsText } = this.#options;
      const message = keepsText ? "A secret stays as it was: {problem}" : "A secret is gone, though in use: {problem}";
      log.warn(message, { problem: now.problem });
      if (keepsText) return false;
    }
    this.#read = now;
    const same = before?.ok ? now.ok && before.text === now.text : before !== undefined && !now.ok;
    if (!same) this.#version++;
    return !same && now.ok;
  }
}
