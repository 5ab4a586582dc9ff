import assert from "node:assert/strict";
import { CacheSet } from "../cache/cache_set.ts";
import type { Fragment } from "../cache/fragment.ts";
import { CLUSTER, SECRET } from "../cache/resource_type.ts";
import { Deliveries } from "../observe/deliveries.ts";
import { Publisher } from "./publisher.ts";

const body = new Uint8Array();
const fragment = (id: string, cluster = id): Fragment => ({
  sessionId: id,
  clusters: [{ name: cluster, body, loadAssignment: body }],
  virtualHosts: [],
  secrets: [],
});

function createBed() {
  let nowMs = 0;
  let timer: { readonly atMs: number; readonly run: () => void } | undefined;
  const advanced: number[] = [];
  const caches = new CacheSet(new Map([["default", { listeners: [], clusters: [], secrets: [] }]]), { drainMs: 5000 });
  const publisher = new Publisher({
    caches,
    deliveries: new Deliveries(),
    nowMs: () => nowMs,
    advance: () => advanced.push(caches.revision),
    timers: {
      nextTurn: () => Promise.resolve(),
      after(delayMs, run) {
        timer = { atMs: nowMs + delayMs, run };
        return () => timer = undefined;
      },
    },
  });
  return {
    caches,
    publisher,
    advanced,
    get timerAtMs() {
      return timer?.atMs;
    },
    pass(toMs: number) {
      nowMs = toMs;
      if (timer && timer.atMs <= nowMs) timer.run();
    },
  };
}

Deno.test("publish() lets clients have every step, and what has drained goes when its time comes", () => {
  const bed = createBed();
  bed.publisher.publish(1, [{ id: "a", fragment: fragment("a") }]);
  assert.equal(bed.timerAtMs, undefined);
  bed.pass(100);
  bed.publisher.publish(2, [{ id: "a", fragment: fragment("a", "a/2") }]);
  assert.equal(bed.timerAtMs, 5100);
  assert.deepEqual(bed.advanced, [1, 2]);
  bed.pass(5100);
  assert.deepEqual(bed.advanced, [1, 2, 3]);
  assert.equal(bed.caches.group("default")?.view(CLUSTER).size, 1);
  bed.publisher.publish(3, [{ id: "b", fragment: fragment("b") }]);
  bed.publisher.publish(4, [{ id: "b", fragment: fragment("b", "b/2") }]);
  bed.publisher.close();
  assert.equal(bed.timerAtMs, undefined);
});

Deno.test("revisionOf() tells the step of a generation, which draining moves apart", () => {
  const bed = createBed();
  bed.publisher.publish(7, [{ id: "a", fragment: fragment("a") }]);
  bed.publisher.publish(8, [{ id: "a", fragment: fragment("a", "a/2") }]);
  bed.pass(5000);
  bed.publisher.publish(9, [{ id: "b", fragment: fragment("b") }]);
  assert.deepEqual([3, 7, 8, 9, 10].map((generation) => bed.publisher.revisionOf(generation)), [1, 1, 2, 4, undefined]);
});

Deno.test("publishShared() lets clients have what belongs to no session", () => {
  const bed = createBed();
  bed.publisher.publish(1, [{ id: "a", fragment: fragment("a") }]);
  const secrets = [{ name: "listener:ingress", body }];
  bed.publisher.publishShared(new Map([["default", { listeners: [], clusters: [], secrets }]]));
  assert.deepEqual(bed.advanced, [1, 2]);
  assert.equal(bed.caches.group("default")?.view(SECRET).size, 1);
  assert.equal(bed.publisher.revisionOf(1), 1);
});
