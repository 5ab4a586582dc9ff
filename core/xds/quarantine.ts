import type { Resource } from "../cache/resource.ts";

/** A name in quarantine goes with its resource, and in this generation; infinite while it is there. */
type GoneAt = number;

/**
 * Where the client of one stream has less of one type than the cache, because it rejected something: the resource itself,
 * which is not sent again until it changes, or another of the same session, for which this one waits.
 */
export class Quarantine {
  readonly #rejected = new Map<string, { readonly resource: Resource; readonly message: string }>();
  readonly #waiting = new Map<string, Resource>();
  /** By session, then by name. */
  readonly #sessions = new Map<string, Map<string, GoneAt>>();
  #aggregates = 0;

  /** How many names are in it. */
  get size(): number {
    return this.#rejected.size + this.#waiting.size;
  }

  /** Names that wait, as they stood when they were put aside. */
  get waiting(): ReadonlyMap<string, Resource> {
    return this.#waiting;
  }

  has(name: string): boolean {
    return this.#rejected.has(name) || this.#waiting.has(name);
  }

  /** The client rejected it, with this message. */
  reject(resource: Resource, message: string): void {
    this.release(resource.name);
    this.#rejected.set(resource.name, { resource, message });
    this.#count(resource);
  }

  /** It is not sent before something else of its session has been accepted. */
  hold(resource: Resource): void {
    this.release(resource.name);
    this.#waiting.set(resource.name, resource);
    this.#count(resource);
  }

  /** The name is gone since this generation; infinite: it is back. The client may have an earlier state of it still. */
  leave(name: string, generation: GoneAt): void {
    const sessionId = this.#get(name)?.sessionId;
    if (sessionId !== undefined) this.#sessions.get(sessionId)?.set(name, generation);
  }

  /** The client has what it should have of this name, or is to have nothing of it. */
  release(name: string): void {
    const resource = this.#get(name);
    if (!resource) return;
    this.#rejected.delete(name);
    this.#waiting.delete(name);
    const { sessionId, aggregate } = resource;
    if (aggregate) this.#aggregates--;
    if (sessionId === undefined) return;
    const names = this.#sessions.get(sessionId);
    names?.delete(name);
    if (names?.size === 0) this.#sessions.delete(sessionId);
  }

  /** Forgets the names of which the condition does not hold. */
  keep(condition: (name: string) => boolean): void {
    for (const names of [this.#rejected, this.#waiting]) {
      for (const name of names.keys()) if (!condition(name)) this.release(name);
    }
  }

  /** Whether exactly this version was rejected. */
  rejects(resource: Resource): boolean {
    return this.reasonAgainst(resource) !== undefined;
  }

  /** Why exactly this version was rejected; absent where it was not. */
  reasonAgainst({ name, version }: Resource): string | undefined {
    if (this.#rejected.size === 0) return undefined;
    const rejection = this.#rejected.get(name);
    return rejection?.resource.version === version ? rejection.message : undefined;
  }

  /**
   * Whether anything of the session is in it that was not gone by `generation`; of a session that nobody knows, whether
   * anything of any is.
   */
  concerns(sessionId: string | undefined, generation = -1): boolean {
    if (this.size === 0) return false;
    if (this.#aggregates > 0) return true;
    if (sessionId === undefined) return this.#sessions.size > 0;
    const names = this.#sessions.get(sessionId);
    if (names) { for (const goneAt of names.values()) if (goneAt > generation) return true; }
    return false;
  }

  #get(name: string): Resource | undefined {
    return this.#rejected.get(name)?.resource ?? this.#waiting.get(name);
  }

  #count({ name, sessionId, aggregate }: Resource): void {
    if (aggregate) this.#aggregates++;
    if (sessionId === undefined) return;
    const names = this.#sessions.get(sessionId) ?? new Map<string, GoneAt>();
    this.#sessions.set(sessionId, names.set(name, Infinity));
  }
}
