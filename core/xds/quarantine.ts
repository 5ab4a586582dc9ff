import type { Resource } from "../cache/resource.ts";

/** What the client of one stream has rejected, by type: not sent again until it changes. */
export class Quarantine {
  readonly #versions = new Map<string, string>();

  get size(): number {
    return this.#versions.size;
  }

  add(resource: Resource): void {
    this.#versions.set(resource.name, resource.version);
  }

  /** Whether exactly this version was rejected. */
  holds(resource: Resource): boolean {
    return this.#versions.size > 0 && this.#versions.get(resource.name) === resource.version;
  }

  /** The client took another version of this name, or the name is gone. */
  release(name: string): void {
    if (this.#versions.size > 0) this.#versions.delete(name);
  }
}
