import type { Resource } from "../cache/resource.ts";

/** What one client has to be sent of one type, whether or not it changed. */
export class Owed {
  /** Everything that there is. */
  all = false;
  /** An answer, though there be nothing in it. */
  answer = false;
  readonly #names = new Map<string, Resource | undefined>();

  get isEmpty(): boolean {
    return !this.all && !this.answer && this.#names.size === 0;
  }

  has(name: string): boolean {
    return this.all || this.#names.has(name);
  }

  /** Whether it is this very name that is owed. */
  hasName(name: string): boolean {
    return this.#names.has(name);
  }

  /** Single names, with what they stood for when the stream began where the client has something older. */
  get names(): Iterable<readonly [name: string, earlier: Resource | undefined]> {
    return this.#names;
  }

  /** What there is of the name, or that there is nothing. */
  add(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, undefined);
  }

  /** The client has an older version of this from an earlier stream. To be said before anything is sent on this one. */
  addOutdated(resource: Resource): void {
    this.#names.set(resource.name, resource);
  }

  delete(name: string): void {
    this.#names.delete(name);
  }

  /** Forgets all but the single names of which the condition holds. */
  keep(condition: (name: string) => boolean): void {
    this.all = this.answer = false;
    for (const name of this.#names.keys()) if (!condition(name)) this.#names.delete(name);
  }
}
