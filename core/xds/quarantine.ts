import type { Resource } from "../cache/resource.ts";

/** What the client of one stream has rejected, by type: not sent again until it changes. */
export class Quarantine {
  readonly #rejections = new Map<string, { readonly version: string; readonly message: string }>();

  get size(): number {
    return this.#rejections.size;
  }

  /** `message`: the client's words. */
  add({ name, version }: Resource, message: string): void {
    this.#rejections.set(name, { version, message });
  }

  /** Whether exactly this version was rejected. */
  holds(resource: Resource): boolean {
    return this.reasonAgainst(resource) !== undefined;
  }

  /** Why exactly this version was rejected; absent where it was not. */
  reasonAgainst({ name, version }: Resource): string | undefined {
    if (this.#rejections.size === 0) return undefined;
    const rejection = this.#rejections.get(name);
    return rejection?.version === version ? rejection.message : undefined;
  }

  /** The client took another version of this name, or the name is gone. */
  release(name: string): void {
    if (this.#rejections.size > 0) this.#rejections.delete(name);
  }
}
