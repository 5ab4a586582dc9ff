import { z } from "zod";
import { KubernetesError } from "./kubernetes_error.ts";
import type { WatchEvent } from "./kubernetes_client.ts";

/** What changed, by the objects' UIDs: an object as it is now, or `undefined` for one that is gone. */
export type ObjectChanges<T> = ReadonlyMap<string, T | undefined>;

/** The object as the caller wants it; `undefined` for one that it cannot use, which is then as if it were not there. */
export type ParseObject<T> = (object: unknown) => T | undefined;

const identified = z.object({ metadata: z.object({ uid: z.string(), resourceVersion: z.string() }) });
const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/**
 * The objects of one list and its watch. By UID, not by name: an object that was made anew under its old name is another,
 * even where nobody saw the first one go.
 */
export class ObjectSet<T> {
  readonly #parse: ParseObject<T>;
  /** The resource version of each. */
  #versions = new Map<string, string>();
  #resourceVersion: string | undefined;

  constructor(parse: ParseObject<T>) {
    this.#parse = parse;
  }

  /** Up to where the set is; `undefined` before the first list. */
  get resourceVersion(): string | undefined {
    return this.#resourceVersion;
  }

  get size(): number {
    return this.#versions.size;
  }

  /** Takes a whole list for what there is. What is in it as it was before is no change. */
  replace(objects: readonly unknown[], resourceVersion: string): ObjectChanges<T> {
    const before = this.#versions;
    this.#versions = new Map();
    this.#resourceVersion = resourceVersion;
    const changes = new Map<string, T | undefined>();
    for (const object of objects) {
      const { metadata } = identified.parse(object);
      const same = before.get(metadata.uid) === metadata.resourceVersion;
      if (same) this.#versions.set(metadata.uid, metadata.resourceVersion);
      else this.#put(changes, metadata, object);
    }
    for (const uid of before.keys()) if (!this.#versions.has(uid)) changes.set(uid, undefined);
    return changes;
  }

  /** Takes in events in their order, up to an `ERROR`, which is the failure. */
  apply(events: readonly WatchEvent[]): { readonly changes: ObjectChanges<T>; readonly failure?: KubernetesError } {
    const changes = new Map<string, T | undefined>();
    for (const { type, object } of events) {
      switch (type) {
        case "ADDED":
        case "MODIFIED": {
          const { metadata } = identified.parse(object);
          this.#put(changes, metadata, object);
          this.#resourceVersion = metadata.resourceVersion;
          break;
        }
        case "DELETED": {
          const { metadata } = identified.parse(object);
          if (this.#versions.delete(metadata.uid)) changes.set(metadata.uid, undefined);
          this.#resourceVersion = metadata.resourceVersion;
          break;
        }
        case "BOOKMARK":
          this.#resourceVersion = versioned.parse(object).metadata.resourceVersion;
          break;
        default:
          return { changes, failure: KubernetesError.fromStatus(object, { status: 500 }) };
      }
    }
    return { changes };
  }

  #put(
    changes: Map<string, T | undefined>,
    { uid, resourceVersion }: { readonly uid: string; readonly resourceVersion: string },
    object: unknown,
  ): void {
    const value = this.#parse(object);
    if (value !== undefined) {
      this.#versions.set(uid, resourceVersion);
      changes.set(uid, value);
    } else if (this.#versions.delete(uid)) changes.set(uid, undefined);
  }
}
