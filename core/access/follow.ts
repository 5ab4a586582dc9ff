import { isDeepStrictEqual } from "node:util";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { Timers } from "../timers.ts";

export type Reading<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** What is in files, as it is now. */
export interface Followed<Value> {
  readonly current: Value;
  /** Told of every later value. Returns what ends that. */
  subscribe(listener: (value: Value) => void): () => void;
  /** Resolves when nothing is read any more. */
  close(): Promise<void>;
}

export interface FollowOptions<Value> {
  readonly read: () => Promise<Reading<Value>>;
  readonly timers: Timers;
  /** Told once when what is there now cannot be used, and the value before stays. */
  readonly failed: (issues: readonly Issue[]) => void;
}

/**
 * Between two looks at the files. They are read, not watched: a watch misses what is mounted anew or linked elsewhere,
 * as Kubernetes and ACME clients do.
 */
export const FOLLOW_INTERVAL_MS = 2000;

/** Reads files, then again every two seconds. Throws `invalid_config` where they cannot be used at first. */
export async function follow<Value>({ read, timers, failed }: FollowOptions<Value>): Promise<Followed<Value>> {
  const first = await read();
  if (!first.ok) throw new SignalboxError("invalid_config", "Cannot use the files", { issues: first.issues });
  const listeners = new Set<(value: Value) => void>();
  let current = first.value;
  let complaint: readonly Issue[] = [];
  let closed = false;
  let reading = Promise.resolve();
  const next = () => timers.after(FOLLOW_INTERVAL_MS, () => reading = again());
  let cancel = next();

  async function again(): Promise<void> {
    const latest = await read();
    if (closed) return;
    take(latest);
    cancel = next();
  }

  function take(reading: Reading<Value>): void {
    const before = complaint;
    complaint = reading.ok ? [] : reading.issues;
    if (!reading.ok) {
      if (!isDeepStrictEqual(complaint, before)) failed(complaint);
      return;
    }
    if (isDeepStrictEqual(reading.value, current)) return;
    current = reading.value;
    for (const listener of listeners) listener(current);
  }

  return {
    get current() {
      return current;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      closed = true;
      cancel();
      await reading;
    },
  };
}
