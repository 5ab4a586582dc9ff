/** Something outside of Signalbox that sessions are built with, such as a secret's file. */
export interface Source {
  /** Counts what it has said. */
  readonly version: number;
  /**
   * A session that was built with it, when it said `seenVersion`, is served: it is to be built again whenever the source says
   * something else. May be called again for the same session.
   */
  retain(sessionId: string, seenVersion: number): void;
  /** That session is gone, or was built without it. */
  release(sessionId: string): void;
  /** What was built with it is not served: it may be that nobody uses it. */
  discard(): void;
}

/** What a build read, and what each of it said then. */
export type Reads = ReadonlyMap<Source, number>;

/**
 * Which session was built with what, so that a change outside has those sessions built again and no others. What is read
 * while nothing is built belongs to no session.
 */
export class SessionReads {
  readonly #bySession = new Map<string, Reads>();
  #current: Map<Source, number> | undefined;
  #recording = false;

  /** To be called by whatever reads a source: what the build knows is what the source says at the moment. */
  note(source: Source): void {
    if (!this.#recording || this.#current?.has(source)) return;
    (this.#current ??= new Map()).set(source, source.version);
  }

  /**
   * What `build` returns, and what it read; `undefined` where that was nothing. One of `replace()`, `extend()` and
   * `discard()` is to follow. Builds are not nested.
   */
  record<Result>(build: () => Result): { readonly result: Result; readonly reads: Reads | undefined } {
    this.#recording = true;
    this.#current = undefined;
    try {
      const result = build();
      return { result, reads: this.#current };
    } finally {
      this.#recording = false;
      this.#current = undefined;
    }
  }

  /** The session is served as it was built with `reads`, and with nothing else; or it is gone. */
  replace(sessionId: string, reads: Reads | undefined): void {
    const before = this.#bySession.get(sessionId);
    if (before === undefined && reads === undefined) return;
    if (reads === undefined) this.#bySession.delete(sessionId);
    else this.#bySession.set(sessionId, reads);
    for (const [source, seen] of reads ?? []) source.retain(sessionId, seen);
    for (const source of before?.keys() ?? []) if (!reads?.has(source)) source.release(sessionId);
  }

  /** The session could not be built with `reads`: it shall be tried again when one of them changes. */
  extend(sessionId: string, reads: Reads | undefined): void {
    if (reads !== undefined) this.replace(sessionId, new Map([...this.#bySession.get(sessionId) ?? [], ...reads]));
  }

  /** Nothing came of the build. */
  discard(reads: Reads | undefined): void {
    for (const source of reads?.keys() ?? []) source.discard();
  }
}
