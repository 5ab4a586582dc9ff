import assert from "node:assert/strict";
import { encodeMessage } from "../proto/codec.ts";
import { CacheSet } from "./cache_set.ts";
import type { Fragment } from "./fragment.ts";
import { CLUSTER, SCOPED_ROUTE, SECRET, type TypeUrl } from "./resource_type.ts";

const NOTHING = { listeners: [], clusters: [], secrets: [] };
const empty = new Uint8Array();

function fragment(id: string, options: Partial<Fragment> & { readonly cluster?: string } = {}): Fragment {
  const { cluster = id, ...rest } = options;
  return {
    sessionId: id,
    clusters: [{ name: cluster, body: empty, loadAssignment: empty }],
    virtualHosts: [{ hosts: [`${id}.example.org`], body: empty }],
    secrets: [],
    ...rest,
  };
}

function createCaches(drainMs: number, groups = ["default"]) {
  const caches = new CacheSet(new Map(groups.map((name) => [name, NOTHING])), { drainMs });
  const names = (type: TypeUrl, group = "default") =>
    [...caches.group(group)?.view(type).resources() ?? []].map(({ name }) => name).sort();
  return { caches, names };
}

Deno.test("apply() keeps a cluster that was left until it has drained", () => {
  const { caches, names } = createCaches(5000);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 1000);
  assert.deepEqual(names(CLUSTER), ["a", "a/2"]);
  assert.equal(caches.nextDrainAtMs, 6000);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/3" }) }], 2000);
  assert.deepEqual(names(CLUSTER), ["a", "a/2", "a/3"]);
  assert.equal(caches.drain(5999), false);
  assert.equal(caches.drain(6000), true);
  assert.deepEqual(names(CLUSTER), ["a/2", "a/3"]);
  assert.equal(caches.drain(7000), true);
  assert.deepEqual(names(CLUSTER), ["a/3"]);
  assert.equal(caches.nextDrainAtMs, undefined);
});

Deno.test("apply() keeps nothing of a session that is gone: its address may be another's", () => {
  const { caches, names } = createCaches(5000);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 1000);
  caches.apply([{ id: "a", fragment: undefined }], 2000);
  assert.deepEqual(names(CLUSTER), []);
  assert.deepEqual(names(SCOPED_ROUTE), []);
  // What is anew under its name is not what was leaving.
  caches.apply([{ id: "a", fragment: fragment("a") }], 3000);
  assert.equal(caches.drain(6000), false);
  assert.deepEqual(names(CLUSTER), ["a"]);
});

Deno.test("apply() keeps for good what comes back while it drains", () => {
  const { caches, names } = createCaches(5000);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 1000);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a" }) }], 2000);
  caches.drain(6000);
  assert.deepEqual(names(CLUSTER), ["a", "a/2"]);
  caches.drain(7000);
  assert.deepEqual(names(CLUSTER), ["a"]);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 8000);
  assert.equal(caches.drain(12_000), false);
  assert.deepEqual(names(CLUSTER), ["a", "a/2"]);
  caches.drain(13_000);
  assert.deepEqual(names(CLUSTER), ["a/2"]);
});

Deno.test("apply() drops everything at once where nothing is to drain", () => {
  const { caches, names } = createCaches(0);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 0);
  assert.deepEqual(names(CLUSTER), ["a/2"]);
  assert.equal(caches.nextDrainAtMs, undefined);
});

Deno.test("apply() keeps the secrets of clusters that drain, but not one that has the name of a host", () => {
  const { caches, names } = createCaches(5000);
  const secrets = ["a/client", "a.example.org"].map((name) => ({ name, body: empty }));
  caches.apply([{ id: "a", fragment: fragment("a", { secrets }) }], 0);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  assert.deepEqual(names(SECRET), ["a/client"]);
  caches.drain(5000);
  assert.deepEqual(names(SECRET), []);
});

Deno.test("apply() gives a session to the groups that it names, or to all", () => {
  const { caches, names } = createCaches(5000, ["eu", "us"]);
  caches.apply([
    { id: "everywhere", fragment: fragment("everywhere") },
    { id: "here", fragment: fragment("here", { groups: ["eu"] }) },
  ], 0);
  assert.deepEqual(names(CLUSTER, "eu"), ["everywhere", "here"]);
  assert.deepEqual(names(CLUSTER, "us"), ["everywhere"]);
  caches.apply([{ id: "here", fragment: fragment("here", { groups: ["us"] }) }], 1000);
  assert.deepEqual(names(SCOPED_ROUTE, "eu"), ["everywhere.example.org"]);
  assert.deepEqual(names(SCOPED_ROUTE, "us"), ["everywhere.example.org", "here.example.org"]);
  // It leaves the one as if it had ended there.
  assert.deepEqual(names(CLUSTER, "eu"), ["everywhere"]);
  assert.deepEqual(names(CLUSTER, "us"), ["everywhere", "here"]);
});

Deno.test("apply() makes what groups share once", () => {
  const { caches } = createCaches(0, ["eu", "us"]);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  const of = (group: string) => caches.group(group)?.view(CLUSTER).get("a");
  assert.ok(of("eu"));
  assert.equal(of("eu"), of("us"));
});

Deno.test("changedAt() tells the step of a session's last change, which draining is not", () => {
  const { caches } = createCaches(5000);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "b", fragment: fragment("b") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 0);
  caches.drain(5000);
  assert.equal(caches.revision, 4);
  assert.equal(caches.changedAt("a"), 3);
  assert.equal(caches.changedAt("b"), 2);
  assert.equal(caches.changedAt("c"), undefined);
});

Deno.test("updateShared() is one step of all groups, whichever have new resources", () => {
  const { caches, names } = createCaches(0, ["eu", "us"]);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  for (const group of ["eu", "us"]) assert.deepEqual(names(SECRET, group), []);
  const secret = { name: "listener:ingress", body: empty };
  caches.updateShared(new Map([["eu", { listeners: [], clusters: [], secrets: [secret] }]]));
  assert.deepEqual(names(SECRET, "eu"), ["listener:ingress"]);
  assert.deepEqual(names(SECRET, "us"), []);
  assert.equal(caches.revision, 2);
  for (const group of ["eu", "us"]) assert.equal(caches.group(group)?.view(SECRET).log.head, 2);
  assert.equal(caches.changedAt("a"), 1);
});

Deno.test("apply() marks the clusters that drain", () => {
  const { caches } = createCaches(5000);
  const leaving = () => caches.group("default")?.fragment("a")?.clusters.map(({ name, leaving }) => [name, leaving]);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  caches.apply([{ id: "a", fragment: fragment("a", { cluster: "a/2" }) }], 0);
  assert.deepEqual(leaving(), [["a/2", undefined], ["a", true]]);
  caches.apply([{ id: "a", fragment: fragment("a") }], 0);
  assert.deepEqual(leaving(), [["a", undefined], ["a/2", true]]);
});

Deno.test("takeOmissions() has those of every group whose Envoys of the v2 API have come", () => {
  const { caches } = createCaches(0, ["eu", "us"]);
  const body = encodeMessage("envoy.config.cluster.v3.Cluster", { transportSocket: { name: "tls" } });
  const tls = fragment("a", { clusters: [{ name: "a", body, loadAssignment: empty }] });
  caches.apply([{ id: "a", fragment: tls }], 0);
  assert.deepEqual(caches.takeOmissions(), []);
  caches.group("eu")?.in("envoy-v2").view(CLUSTER);
  assert.deepEqual(caches.takeOmissions().map(({ sessionId }) => sessionId), ["a"]);
  caches.group("us")?.in("envoy-v2").view(CLUSTER);
  caches.apply([{ id: "a", fragment: { ...tls } }], 0);
  assert.deepEqual(caches.takeOmissions().map(({ sessionId }) => sessionId), ["a", "a", "a"]);
});
