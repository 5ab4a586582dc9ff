import type { SessionRecord } from "../session/session.ts";

export type StoreChange =
  | { readonly kind: "put"; readonly record: SessionRecord }
  | { readonly kind: "delete"; readonly id: string };

export interface StoreContents {
  /** The highest generation ever committed; 0 for a new store. */
  readonly generation: number;
  /** In the order of ids. */
  readonly records: readonly SessionRecord[];
}

/** Where registrations are kept. One process at a time writes to one store. */
export interface Store {
  /** All that was ever committed and not deleted. Called once, before the first `commit`. */
  load(): Promise<StoreContents>;
  /**
   * All of `changes` or nothing. When the promise resolves they are as durable as the kind can make them; when it
   * rejects (`store_unavailable`, `store_full`) the store is as it was and may be tried again.
   * Calls do not overlap. `generation` never falls from one call to the next.
   */
  commit(generation: number, changes: readonly StoreChange[]): Promise<void>;
  /** Frees the store for another process. No `commit` may be under way. */
  close(): Promise<void>;
}
