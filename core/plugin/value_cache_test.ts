import assert from "node:assert/strict";
import { until } from "../dev/until.ts";
import type { PluginLog } from "./plugin.ts";
import { SessionReads } from "./session_reads.ts";
import { ValueCache } from "./value_cache.ts";

/** A cache whose loads the test answers; it is at its end with the bed. */
function createBed({ ttlMs = 1 }: { readonly ttlMs?: number } = {}) {
  const abort = new AbortController();
  const reads = new SessionReads();
  const invalidated: string[] = [];
  const warnings: unknown[] = [];
  const loads: {
    readonly key: string;
    readonly resolve: (value: unknown) => void;
    readonly reject: (e: Error) => void;
  }[] = [];
  const log = { warn: (_: string, fields: unknown) => warnings.push(fields) } as unknown as PluginLog;
  const cache = new ValueCache<unknown>({
    ttlMs,
    load: (key, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      signal.addEventListener("abort", () => reject(signal.reason));
      loads.push({ key, resolve, reject });
      return promise;
    },
  }, { log, signal: abort.signal, reads, invalidate: (ids) => invalidated.push(...ids) });
  return {
    ...{ cache, reads, invalidated, warnings, loads },
    serve(session: string, key: string) {
      const { result, reads: read } = reads.record(() => cache.get(key));
      reads.replace(session, read);
      return result;
    },
    [Symbol.dispose]: () => abort.abort(),
  };
}

Deno.test("ValueCache.get() loads a value once for many, and has the sessions built again that asked", async () => {
  using bed = createBed();
  assert.equal(bed.serve("s1", "blue"), undefined);
  assert.equal(bed.serve("s2", "blue"), undefined);
  assert.equal(bed.serve("s3", "green"), undefined);
  assert.deepEqual(bed.loads.map(({ key }) => key), ["blue", "green"]);
  bed.loads[0]?.resolve({ quota: 1 });
  await until(() => bed.invalidated.length > 0);
  assert.deepEqual(bed.invalidated, ["s1", "s2"]);
  assert.deepEqual(bed.serve("s1", "blue"), { quota: 1 });
});

Deno.test("ValueCache loads a value in use again when its time is over, and says so only when it is another", async () => {
  using bed = createBed();
  bed.serve("s1", "blue");
  bed.loads[0]?.resolve({ quota: 1 });
  await until(() => bed.loads.length === 2);
  bed.serve("s1", "blue");
  bed.invalidated.length = 0;
  bed.loads[1]?.resolve({ quota: 1 });
  await until(() => bed.loads.length === 3);
  assert.deepEqual(bed.invalidated, []);
  bed.loads[2]?.resolve({ quota: 2 });
  await until(() => bed.loads.length === 4);
  assert.deepEqual(bed.invalidated, ["s1"]);
  assert.deepEqual(bed.cache.get("blue"), { quota: 2 });
});

Deno.test("ValueCache keeps a value, and tries again, when a load fails", async () => {
  using bed = createBed();
  bed.serve("s1", "blue");
  bed.loads[0]?.resolve("value");
  await until(() => bed.loads.length === 2);
  const error = new Error("no answer");
  bed.loads[1]?.reject(error);
  await until(() => bed.loads.length === 3);
  assert.equal(bed.cache.get("blue"), "value");
  assert.deepEqual(bed.warnings, [{ key: "blue", error }]);
});

Deno.test("ValueCache tells a session whose value came while it was on its way", async () => {
  using bed = createBed({ ttlMs: 60_000 });
  const { reads } = bed.reads.record(() => bed.cache.get("blue"));
  bed.loads[0]?.resolve("value");
  await until(() => bed.cache.get("blue") === "value");
  assert.deepEqual(bed.invalidated, []);
  bed.reads.replace("s1", reads);
  assert.deepEqual(bed.invalidated, ["s1"]);
});

Deno.test("ValueCache forgets a value when its time is over and no session uses it", async () => {
  using bed = createBed();
  bed.serve("s1", "blue");
  bed.reads.replace("s1", undefined);
  bed.loads[0]?.resolve("value");
  await until(() => {
    bed.cache.get("blue");
    return bed.loads.length === 2;
  });
  assert.deepEqual(bed.invalidated, []);
});

Deno.test("ValueCache stops loading, without a word, when it is told to stop", async () => {
  const bed = createBed();
  bed.serve("s1", "blue");
  bed[Symbol.dispose]();
  await until(() => bed.cache.get("blue") === undefined);
  assert.deepEqual(bed.warnings, []);
});

Deno.test("ValueCache refuses a time to live that no timer takes", () => {
  for (const ttlMs of [0, -1, NaN, Infinity, 2 ** 31]) assert.throws(() => createBed({ ttlMs }), RangeError);
});
