import type { SessionRecord } from "../session/session.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Store, StoreChange, StoreContents } from "./store.ts";

/** A store that forgets everything when it is closed. */
export function createMemoryStore(): Store {
  return new MemoryStore();
}

class MemoryStore implements Store {
  readonly #records = new Map<string, SessionRecord>();
  #generation = 0;
  #closed = false;

  load(): Promise<StoreContents> {
    if (this.#closed) return Promise.reject(closedError());
    const records = [...this.#records.values()].toSorted((a, b) => a.session.id < b.session.id ? -1 : 1);
    return Promise.resolve({ generation: this.#generation, records });
  }

  commit(generation: number, changes: readonly StoreChange[]): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    for (const change of changes) {
      if (change.kind === "put") this.#records.set(change.record.session.id, change.record);
      else this.#records.delete(change.id);
    }
    this.#generation = generation;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#closed = true;
    return Promise.resolve();
  }
}

function closedError(): SignalboxError {
  return new SignalboxError("store_unavailable", "Cannot use the store: it is closed");
}
