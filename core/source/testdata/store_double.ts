import assert from "node:assert/strict";
import { SignalboxError } from "../../signalbox_error.ts";
import { createMemoryStore } from "../../store/memory_store.ts";
import type { Store, StoreChange, StoreContents } from "../../store/store.ts";

/** A store that forgets what it is told to refuse, and that can keep a commit waiting. */
export class StoreDouble implements Store {
  /** What was committed; without what failed. */
  readonly commits: { readonly generation: number; readonly changes: readonly StoreChange[] }[] = [];
  /** How many commits were begun. */
  attempts = 0;
  /** Every commit fails with it until it is taken away. */
  failure: unknown;
  /** Every commit waits for `release()`. */
  holds = false;
  readonly #inner = createMemoryStore();
  #release: (() => void) | undefined;
  #generation = 0;

  get isHeld(): boolean {
    return this.#release !== undefined;
  }

  /** Lets the commit that is held go on. */
  release(): void {
    assert(this.#release !== undefined, "no commit is held");
    this.#release();
  }

  load(): Promise<StoreContents> {
    return this.#inner.load();
  }

  async commit(generation: number, changes: readonly StoreChange[]): Promise<void> {
    this.attempts++;
    assert(!this.isHeld, "commits overlap");
    assert(generation >= this.#generation, "the generation falls");
    const ids = changes.map((change) => change.kind === "put" ? change.record.session.id : change.id);
    assert.equal(new Set(ids).size, ids.length, "one change an id");
    if (this.holds) await new Promise<void>((resolve) => this.#release = resolve);
    this.#release = undefined;
    if (this.failure !== undefined) throw this.failure;
    await this.#inner.commit(generation, changes);
    this.#generation = generation;
    this.commits.push({ generation, changes });
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

export function unavailable(): SignalboxError {
  return new SignalboxError("store_unavailable", "Cannot write the store: the disk is gone");
}
