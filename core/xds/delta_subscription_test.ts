import assert from "node:assert/strict";
import fc from "fast-check";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { ENDPOINT } from "../cache/resource_type.ts";
import { DeltaSubscription } from "./delta_subscription.ts";
import { UNLIMITED } from "./order.ts";

const MAX = 3;
const NAMES = Array.from({ length: 12 }, (_, index) => `n${index}`);

function fragment(id: string): Fragment {
  const part = { name: id, body: new Uint8Array(), loadAssignment: new Uint8Array() };
  return { sessionId: id, clusters: [part], virtualHosts: [], secrets: [] };
}

/** A client that asks for names, accepts everything, and keeps what it is told. */
function createClient() {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const view = cache.view(ENDPOINT);
  const subscription = new DeltaSubscription(view, { maxUnknownNames: MAX });
  const has = new Set<string>();
  const hear = () => {
    for (let next = subscription.next(UNLIMITED); next; next = subscription.next(UNLIMITED)) {
      for (const { name } of next.payload.resources) has.add(name);
      for (const name of next.payload.removed) has.delete(name);
      subscription.answered();
    }
  };
  const ask = (subscribe: readonly string[], unsubscribe: readonly string[] = []) => {
    subscription.want({ subscribe, unsubscribe, initialVersions: {} });
    for (const name of unsubscribe) has.delete(name);
    hear();
  };
  const change = (id: string, isThere: boolean) => {
    cache.apply(cache.generation + 1, [{ id, fragment: isThere ? fragment(id) : undefined }]);
    hear();
  };
  return { subscription, view, has, ask, change };
}

Deno.test("want() keeps no more unknown names than may be kept, and pushes the one let go when it comes all the same", () => {
  const { subscription, has, ask, change } = createClient();
  ask(["n0", "n1"]);
  ask(["n2", "n0"]);
  assert.equal(subscription.forgotten, 0);
  ask(["n3"]);
  assert.equal(subscription.forgotten, 1);
  // Nobody asked for n4 and those after it: but for a name in a hundred they are not told.
  change("n1", true);
  assert.deepEqual([...has], ["n1"]);
  for (const name of ["n0", "n2", "n3"]) change(name, true);
  assert.deepEqual([...has].sort(), ["n0", "n1", "n2", "n3"]);
});

Deno.test("want() forgets no name that somebody has", () => {
  const { subscription, has, ask, change } = createClient();
  ask(["n0"]);
  change("n0", true);
  ask(["n1", "n2", "n3", "n4"]);
  assert.equal(subscription.forgotten, 1);
  change("n0", false);
  assert.deepEqual([...has], []);
  assert.equal(subscription.forgotten, 2);
});

Deno.test("unknown names are bounded, and what is not forgotten is told, whatever is asked for", () => {
  const names = fc.subarray(NAMES, { minLength: 1, maxLength: 5 });
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("ask" as const, "drop" as const), names }),
    fc.record({ kind: fc.constantFrom("come" as const, "go" as const), names }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const { subscription, view, has, ask, change } = createClient();
    // The first request without names would ask for all.
    ask(["n0"]);
    for (const { kind, names } of steps) {
      if (kind === "ask") ask(names);
      else if (kind === "drop") ask([], names);
      else for (const name of names) change(name, kind === "come");
      const kept = subscription.backlog.interest.names;
      const unknown = [...kept].filter((name) => !view.get(name));
      assert.ok(unknown.length <= MAX, `${unknown}`);
      for (const name of NAMES) assert.equal(has.has(name), kept.has(name) && view.get(name) !== undefined, name);
    }
    assert.equal(subscription.backlog.cleared, view.log.head);
  }));
});
