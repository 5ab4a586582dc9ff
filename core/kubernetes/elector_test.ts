import assert from "node:assert/strict";
import { FakeTime } from "../source/testdata/fake_time.ts";
import { Elector } from "./elector.ts";
import type { RequestOptions } from "./kubernetes_client.ts";
import { KubernetesError } from "./kubernetes_error.ts";

interface Spec {
  readonly holderIdentity: string;
  readonly leaseTransitions: number;
  readonly leaseDurationSeconds: number;
}

/** An API server that has one Lease at most. */
class LeaseServer {
  lease: { readonly metadata: { readonly resourceVersion: string }; readonly spec: Spec } | undefined;
  isAway = false;
  #version = 0;

  request(path: string, { method = "GET", body }: RequestOptions = {}): Promise<unknown> {
    const fail = (status: number) => Promise.reject(new KubernetesError(`it answered ${status}`, { status }));
    if (this.isAway) return fail(0);
    assert.match(path, /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/ns\/leases/);
    if (method === "POST" && this.lease) return fail(409);
    if (method !== "POST" && !this.lease) return fail(404);
    if (method === "GET") return Promise.resolve(this.lease);
    const { metadata, spec } = body as { metadata: { resourceVersion?: string }; spec: Spec };
    if (method === "PUT" && metadata.resourceVersion !== this.lease?.metadata.resourceVersion) return fail(409);
    this.lease = { metadata: { resourceVersion: String(++this.#version) }, spec };
    return Promise.resolve(this.lease);
  }
}

function bed() {
  const server = new LeaseServer();
  const time = new FakeTime();
  const leaders = new Set<string>();
  const changes: string[] = [];
  const elector = (identity: string, { isFrozen = () => false }: { readonly isFrozen?: () => boolean } = {}) =>
    new Elector({
      client: { request: (path, options) => isFrozen() ? new Promise(() => {}) : server.request(path, options) },
      namespace: "ns",
      identity,
      clock: time,
      nowMs: () => time.now(),
      timers: time,
      onChange(isLeader) {
        changes.push(`${identity} ${isLeader}`);
        if (isLeader) leaders.add(identity);
        else leaders.delete(identity);
      },
    });
  return { server, time, leaders, changes, elector };
}

Deno.test("Elector: one of two leads, and goes on leading", async () => {
  const { time, leaders, changes, elector } = bed();
  const a = elector("a");
  const b = elector("b");
  await time.advance(60_000);
  assert.deepEqual(changes, ["a true"]);
  assert.deepEqual([a.isLeader, b.isLeader], [true, false]);
  await a.close();
  assert.deepEqual([...leaders], []);
  await time.advance(3_000);
  assert.deepEqual([...leaders], ["b"], "a lease that was given up is taken at once");
  await b.close();
});

Deno.test("Elector: another leads when the leader is not heard of for as long as its lease says, and not before", async () => {
  const { server, time, changes, elector } = bed();
  let isFrozen = false;
  void elector("a", { isFrozen: () => isFrozen });
  await time.advance(10);
  const b = elector("b");
  await time.advance(6_000);
  isFrozen = true;
  await time.advance(9_000);
  assert.deepEqual(changes, ["a true"]);
  await time.advance(9_000);
  assert.deepEqual(changes, ["a true", "b true"]);
  assert.equal(server.lease?.spec.leaseTransitions, 1);
  await b.close();
});

Deno.test("Elector: a leader that cannot renew leads no more, and again as soon as it can", async () => {
  const { server, time, changes, elector } = bed();
  const a = elector("a");
  await time.advance(10);
  server.isAway = true;
  await time.advance(3_000);
  assert.deepEqual(changes, ["a true", "a false"]);
  server.isAway = false;
  await time.advance(1_000);
  assert.deepEqual(changes, ["a true", "a false", "a true"]);
  assert.equal(server.lease?.spec.leaseTransitions, 0, "it was its own all the time");
  await a.close();
  assert.equal(server.lease?.spec.holderIdentity, "");
});

Deno.test("Elector: a leader whose lease another has taken leads no more", async () => {
  const { server, time, leaders, elector } = bed();
  const a = elector("a");
  await time.advance(10);
  const { metadata: { resourceVersion = "" } = {}, spec } = server.lease ?? {};
  const body = { metadata: { resourceVersion }, spec: { ...spec, holderIdentity: "b" } };
  await server.request("/apis/coordination.k8s.io/v1/namespaces/ns/leases/signalbox", { method: "PUT", body });
  await time.advance(3_000);
  assert.deepEqual([...leaders], []);
  await a.close();
  assert.equal(server.lease?.spec.holderIdentity, "b", "what is another's is not given up");
});
