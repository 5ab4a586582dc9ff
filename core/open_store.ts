import type { StoreConfig } from "./config/config.ts";
import { createMemoryStore } from "./store/memory_store.ts";
import { openSqliteStore } from "./store/sqlite_store.ts";
import type { Store } from "./store/store.ts";

/** Hears what becomes of commits. */
export interface CommitObserver {
  committed(seconds: number): void;
  commitFailed(): void;
}

/** The store that this process alone writes; `undefined` where sessions are objects of a cluster. Throws what the store says. */
export async function openStore(config: StoreConfig, observer: CommitObserver): Promise<Store | undefined> {
  switch (config.kind) {
    case "kubernetes":
      return undefined;
    case "memory":
      return observeCommits(createMemoryStore(), observer);
    case "sqlite":
      return observeCommits(await openSqliteStore(config.path), observer);
  }
}

function observeCommits(store: Store, observer: CommitObserver): Store {
  return {
    load: () => store.load(),
    close: () => store.close(),
    async commit(generation, changes) {
      const startedAtMs = performance.now();
      try {
        await store.commit(generation, changes);
      } catch (thrown) {
        observer.commitFailed();
        throw thrown;
      }
      observer.committed((performance.now() - startedAtMs) / 1000);
    },
  };
}
