import { getLogger } from "@logtape/logtape";
import { readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fileFailure } from "../file_failure.ts";
import type { SessionReads } from "./session_reads.ts";
import { type ReadText, WatchedSecret, type WatchedSecretOptions } from "./watched_secret.ts";

/** Nothing that is a key, a token or a certificate comes near it. */
const MAX_BYTES = 1024 * 1024;

/** A secret that is replaced comes as several events. */
const QUIET_MS = 50;

const log = getLogger(["signalbox", "plugins"]);

export interface SecretFilesOptions {
  readonly reads: SessionReads;
  /** Has sessions built again that a file's new text concerns. */
  readonly invalidate: (sessions: readonly string[] | "all") => void;
}

/** Files with secrets. Those in use are watched, and read again when they change. */
export class SecretFiles implements Disposable {
  readonly #options: SecretFilesOptions;
  readonly #files = new Map<string, SecretFile>();
  readonly #folders = new Map<string, Folder>();

  constructor(options: SecretFilesOptions) {
    this.#options = options;
  }

  /** The text of a file that the session at hand uses, as long as it does. Throws `Error` where it cannot be read. */
  readForSession(path: string): string {
    const file = this.#file(path);
    try {
      return file.text();
    } finally {
      // Of a file that is not there too: the session is tried again when it comes.
      this.#options.reads.note(file);
    }
  }

  /** A file that a plugin uses until the end: all sessions are built again when it changes. Throws as `readForSession()`. */
  openForPlugin(path: string): { text(): string } {
    const file = this.#file(path);
    file.text();
    file.retainForAll();
    return file;
  }

  [Symbol.dispose](): void {
    for (const folder of this.#folders.values()) folder.close();
    this.#folders.clear();
    this.#files.clear();
  }

  #file(path: string): SecretFile {
    const known = this.#files.get(path);
    if (known !== undefined) return known;
    const file: SecretFile = new SecretFile(path, {
      watch: () => this.#watch(file),
      forget: () => this.#forget(file),
      changed: (users) => this.#options.invalidate(users),
    });
    this.#files.set(path, file);
    return file;
  }

  #watch(file: SecretFile): void {
    this.#files.set(file.path, file);
    const path = dirname(file.path);
    let folder = this.#folders.get(path);
    if (folder === undefined) this.#folders.set(path, folder = new Folder(path));
    folder.add(file);
  }

  #forget(file: SecretFile): void {
    this.#files.delete(file.path);
    const path = dirname(file.path);
    const folder = this.#folders.get(path);
    if (folder?.remove(file) !== 0) return;
    folder.close();
    this.#folders.delete(path);
  }
}

class SecretFile extends WatchedSecret {
  readonly path: string;

  constructor(path: string, events: Pick<WatchedSecretOptions, "watch" | "forget" | "changed">) {
    super({ ...events, readText: () => readText(path), keepsText: true });
    this.path = path;
  }
}

/** Synchronous, for a session is built in one step. */
function readText(path: string): ReadText {
  const failed = (state: string): ReadText => ({ ok: false, problem: `cannot read "${path}": ${state}` });
  try {
    const found = statSync(path);
    // A pipe would be waited for, by everybody.
    if (!found.isFile()) return failed("it is no file");
    if (found.size > MAX_BYTES) return failed(`it is over ${MAX_BYTES} bytes`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
    return { ok: true, text: text.replace(/\r?\n$/, "") };
  } catch (thrown) {
    return failed(thrown instanceof TypeError ? "it is not UTF-8" : fileFailure(thrown));
  }
}

/** The files in use of one folder. It is watched as a whole, since a file that is replaced is another file. */
class Folder {
  readonly #files = new Map<string, SecretFile>();
  readonly #changed = new Set<SecretFile>();
  #watcher: Deno.FsWatcher | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(path: string) {
    try {
      this.#watcher = Deno.watchFs(path, { recursive: false });
      void this.#collect(this.#watcher);
    } catch (thrown) {
      log.warn("Cannot watch {path} for changes of secrets: {reason}", { path, reason: fileFailure(thrown) });
    }
  }

  add(file: SecretFile): void {
    this.#files.set(basename(file.path), file);
    // It may have changed before anybody watched.
    this.#note([file]);
  }

  /** How many files there are left. */
  remove(file: SecretFile): number {
    this.#files.delete(basename(file.path));
    this.#changed.delete(file);
    return this.#files.size;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  async #collect(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access") continue;
      for (const name of paths.map((path) => basename(path))) {
        const file = this.#files.get(name);
        // Kubernetes replaces all files of a folder by moving a link "..data".
        if (file !== undefined || name.startsWith("..")) this.#note(file ? [file] : this.#files.values());
      }
    }
  }

  #note(files: Iterable<SecretFile>): void {
    for (const file of files) this.#changed.add(file);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const changed = Array.from(this.#changed);
      this.#changed.clear();
      for (const file of changed) file.readAgain();
    }, QUIET_MS);
  }
}
