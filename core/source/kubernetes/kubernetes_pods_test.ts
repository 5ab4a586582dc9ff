import assert from "node:assert/strict";
import fc from "fast-check";
import type { Pod } from "./kubernetes_pod.ts";
import { readPodSession } from "./kubernetes_pod_session.ts";
import { PodSessions } from "./kubernetes_pods.ts";

const read = (pod: Pod) => readPodSession(pod, { parsing: { domain: "example.org" }, port: 80 });

/** A pod that takes calls. */
function pod(uid: string, changes: Partial<Pod> & { readonly session?: string } = {}): Pod {
  const { session = "s1", ...rest } = changes;
  return {
    uid,
    resourceVersion: "1",
    namespace: "default",
    name: `pod-${uid}`,
    createdAtMs: 0,
    startedAtMs: 0,
    ip: `10.0.0.${uid}`,
    hostNetwork: false,
    terminating: false,
    ended: false,
    ready: true,
    gated: false,
    labels: {},
    annotations: { "signalbox.dev/session": session },
    ports: [],
    ...rest,
  };
}

const put = (...pods: readonly Pod[]) => new Map(pods.map((pod) => [pod.uid, pod]));

/** The address that each claim leads to. */
function addresses(claims: ReturnType<PodSessions["apply"]>["claims"]) {
  return Object.fromEntries(Array.from(claims, ([key, claim]) => [key, claim?.session.backends[0]?.address]));
}

Deno.test("PodSessions claim a session for a pod that takes calls, until it does not", () => {
  const without: readonly Partial<Pod>[] = [{ ready: false }, { terminating: true }, { ended: true }];
  for (const changes of without) {
    const pods = new PodSessions(read);
    assert.deepEqual(addresses(pods.apply(put(pod("1", changes))).claims), {});
    assert.equal(pods.stateOf("1")?.kind, "not_ready");
    assert.deepEqual(addresses(pods.apply(put(pod("1"))).claims), { "pods default/s1": "10.0.0.1" });
    assert.equal(pods.stateOf("1")?.kind, "chosen");
    assert.deepEqual(addresses(pods.apply(put(pod("1", changes))).claims), { "pods default/s1": undefined });
  }
  const pods = new PodSessions(read);
  pods.apply(put(pod("1")));
  assert.deepEqual(addresses(pods.apply(new Map([["1", undefined]])).claims), { "pods default/s1": undefined });
  assert.equal(pods.stateOf("1"), undefined);
});

Deno.test("PodSessions say nothing when a pod changes in what concerns nobody", () => {
  const pods = new PodSessions(read);
  pods.apply(put(pod("1")));
  const { claims } = pods.apply(put(pod("1", { routable: { type: "signalbox.dev/routable", status: "True" } })));
  assert.equal(claims.size, 0);
});

Deno.test("PodSessions choose the pod that was started last, of those that take calls, in one step", () => {
  const pods = new PodSessions(read);
  pods.apply(put(pod("1", { startedAtMs: 1 })));
  assert.equal(pods.apply(put(pod("2", { startedAtMs: 2, ready: false }))).claims.size, 0);
  const moved = pods.apply(put(pod("2", { startedAtMs: 2 })));
  assert.deepEqual(addresses(moved.claims), { "pods default/s1": "10.0.0.2" });
  assert.deepEqual(pods.stateOf("1"), { kind: "superseded", by: "pod default/pod-2" });
  assert.deepEqual([...moved.concerned].sort(), ["1", "2"]);
  // The older one is late with news, and goes: nothing becomes of either.
  assert.equal(pods.apply(put(pod("1", { startedAtMs: 1, labels: { a: "b" } }))).claims.size, 0);
  assert.deepEqual(addresses(pods.apply(put(pod("2", { startedAtMs: 2, terminating: true }))).claims), {
    "pods default/s1": "10.0.0.1",
  });
  assert.equal(pods.apply(new Map([["2", undefined]])).claims.size, 0);
});

Deno.test("PodSessions let each namespace claim for itself", () => {
  const pods = new PodSessions(read);
  const { claims } = pods.apply(put(pod("1"), pod("2", { namespace: "other" })));
  assert.deepEqual(addresses(claims), { "pods default/s1": "10.0.0.1", "pods other/s1": "10.0.0.2" });
});

Deno.test("PodSessions withdraw the session of a pod whose IP another one has, in the step that says so", () => {
  const ip = "10.0.0.9";
  const older = pod("1", { ip, startedAtMs: 1 });
  // Whatever the newer one is up to: it has the IP.
  const newer: readonly Partial<Pod>[] = [{}, { ready: false }, { terminating: true }, {
    annotations: { "signalbox.dev/port": "?" },
  }];
  for (const changes of newer) {
    const pods = new PodSessions(read);
    pods.apply(put(older));
    const { claims, concerned } = pods.apply(put(pod("2", { session: "s2", ip, startedAtMs: 2, ...changes })));
    assert.equal(claims.get("pods default/s1"), undefined);
    assert.ok(claims.has("pods default/s1"), JSON.stringify(changes));
    assert.ok(concerned.has("1"));
    assert.deepEqual(pods.stateOf("1"), { kind: "ip_taken", ip, by: "pod default/pod-2" });
    // News of the older one that were under way do not bring it back.
    assert.equal(pods.apply(put({ ...older, labels: { late: "yes" } })).claims.size, 0);
  }
});

Deno.test("PodSessions heed an IP that two pods have for neither where both were started in one second", () => {
  const ip = "10.0.0.9";
  const pods = new PodSessions(read);
  pods.apply(put(pod("1", { ip })));
  assert.deepEqual(addresses(pods.apply(put(pod("2", { session: "s2", ip }))).claims), {
    "pods default/s1": undefined,
  });
  assert.equal(pods.stateOf("2")?.kind, "ip_taken");
  // Until it is clear which one has it.
  assert.deepEqual(addresses(pods.apply(put(pod("1", { ip, terminating: true }))).claims), { "pods default/s2": ip });
});

Deno.test("PodSessions let an IP that has ended, or that is the node's, be had by several", () => {
  const ip = "10.0.0.9";
  const pods = new PodSessions(read);
  pods.apply(put(pod("1", { ip, startedAtMs: 5, ended: true, ready: false })));
  assert.deepEqual(addresses(pods.apply(put(pod("2", { session: "s2", ip }))).claims), { "pods default/s2": ip });
  const node = { ip: "192.0.2.1", hostNetwork: true };
  assert.deepEqual(addresses(pods.apply(put(pod("3", { session: "s3", ...node }))).claims), {
    "pods default/s3": node.ip,
  });
  const { claims, concerned } = pods.apply(put(pod("4", { session: "s4", ...node })));
  assert.deepEqual(addresses(claims), { "pods default/s4": node.ip });
  assert.deepEqual([...concerned], ["4"], "thousands may be on a node");
});

Deno.test("PodSessions disturb nothing for a pod that says what is not acceptable", () => {
  const pods = new PodSessions(read);
  pods.apply(put(pod("1")));
  const { claims } = pods.apply(
    put(pod("2", { startedAtMs: 9, annotations: { "signalbox.dev/session": "s1", "signalbox.dev/x": "" } })),
  );
  assert.equal(claims.size, 0);
  const state = pods.stateOf("2");
  assert.ok(state?.kind === "invalid" && state.issues[0]?.path === "signalbox.dev/x");
  // The pod that has the session says so: then nothing is behind it.
  const bad = pod("1", { annotations: { "signalbox.dev/session": "s1", "signalbox.dev/port": "?" } });
  assert.deepEqual(addresses(pods.apply(put(bad)).claims), { "pods default/s1": undefined });
});

Deno.test("PodSessions decide by what there is, not by the order in which it came; one IP never has two sessions", () => {
  const uids = ["1", "2", "3", "4"];
  const step = fc.record({
    uid: fc.constantFrom(...uids),
    gone: fc.boolean(),
    session: fc.constantFrom("s1", "s2", "s3"),
    namespace: fc.constantFrom("a", "b"),
    ip: fc.constantFrom("10.0.0.1", "10.0.0.2", undefined),
    startedAtMs: fc.constantFrom(1, 2, 3),
    ready: fc.boolean(),
    terminating: fc.boolean(),
    ended: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 3 }), { maxLength: 20 }), (batches) => {
      const pods = new PodSessions(read);
      const known = new Map<string, Pod>();
      const seen = new Map<string, string | undefined>();
      for (const batch of batches) {
        const changes = new Map<string, Pod | undefined>();
        for (const { uid, gone, ip, ...rest } of batch) {
          const { ip: _, ...made } = pod(uid, rest);
          changes.set(uid, gone ? undefined : { ...made, ...(ip === undefined ? {} : { ip }) });
        }
        for (const [uid, next] of changes) next ? known.set(uid, next) : known.delete(uid);
        for (const [key, address] of Object.entries(addresses(pods.apply(changes).claims))) seen.set(key, address);
        const inUse = [...seen.values()].filter((address) => address !== undefined);
        assert.equal(new Set(inUse).size, inUse.length, `one IP for two sessions: ${inUse}`);
      }
      const fresh = new Map(Object.entries(addresses(new PodSessions(read).apply(known).claims)));
      const now = [...seen].filter(([, address]) => address !== undefined).sort();
      assert.deepEqual(now, [...fresh].filter(([, address]) => address !== undefined).sort());
    }),
    { numRuns: 500 },
  );
});
