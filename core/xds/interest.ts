import type { Resource } from "../cache/resource.ts";
import { allowsWildcard } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";

/** What one client wants of one type. */
export class Interest {
  readonly names = new Set<string>();
  readonly #view: ResourceView;
  #wildcard = false;

  constructor(view: ResourceView) {
    this.#view = view;
  }

  /** Whether it wants everything. */
  get wildcard(): boolean {
    return this.#wildcard;
  }

  /** False where there is no such thing as all of the type. */
  wantAll(): boolean {
    this.#wildcard = allowsWildcard(this.#view.typeUrl);
    return this.#wildcard;
  }

  wantNamesOnly(): void {
    this.#wildcard = false;
  }

  has(name: string): boolean {
    return this.#wildcard || this.names.has(name);
  }

  /** What is wanted, as it is now. */
  *resources(): Iterable<Resource> {
    if (this.#wildcard) return yield* this.#view.resources();
    for (const name of this.names) {
      const resource = this.#view.get(name);
      if (resource) yield resource;
    }
  }
}
