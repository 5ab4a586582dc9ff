import assert from "node:assert/strict";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER, SCOPED_ROUTE, type TypeUrl } from "../cache/resource_type.ts";
import { encodeMessage } from "../proto/codec.ts";
import { FakeTime } from "../source/testdata/fake_time.ts";
import { toClientNode } from "./client_node.ts";
import { Pollers, type PollResult } from "./pollers.ts";

function fragment(id: string): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: id }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: id }),
    }],
    virtualHosts: [{
      hosts: [id],
      body: encodeMessage("envoy.config.route.v3.VirtualHost", {
        routes: [{ match: { prefix: "/" }, route: { cluster: id } }],
      }),
    }],
    secrets: [],
  };
}

const node = (id: string) => toClientNode({ id, userAgentName: "envoy" });

/** Pollers of one cache, what was seen of them, and a poll in one line. */
function createBed({ maxPollers = 1000 } = {}) {
  const time = new FakeTime();
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const seen: string[] = [];
  const pollers = new Pollers({
    observer: {
      opened: ({ id, node, protocol, dialect }) => seen.push(`${node.id} opened ${protocol} ${dialect} ${ids.of(id)}`),
      closed: ({ node }) => seen.push(`${node.id} closed`),
      event: ({ node }, { kind }) => seen.push(`${node.id} ${kind}`),
      progressed: ({ node }, revision) => seen.push(`${node.id} has ${revision}`),
      refused() {},
    },
    timers: time,
    nowMs: () => time.now(),
    takeOmissions: () => cache.takeOmissions(),
    omitted: ({ sessionId }) => seen.push(`${sessionId} omitted`),
    maxPollers,
  });
  const ids = distinct();
  const poll = (who: string, version = "", options: {
    readonly typeUrl?: TypeUrl;
    readonly holdMs?: number;
    readonly group?: string;
    readonly dialect?: "envoy-rest" | "envoy-v2";
    readonly gone?: AbortSignal;
  } = {}) => {
    const { typeUrl = CLUSTER, holdMs = 1000, group = "default", dialect = "envoy-rest" } = options;
    const { gone = new AbortController().signal } = options;
    return pollers.poll({
      key: who,
      node: node(who),
      admission: { group, dialect, views: cache.in(dialect) },
      poll: { lane: typeUrl, typeUrl, names: [], version },
      holdMs,
      gone,
    });
  };
  const change = (...ids: readonly string[]) => {
    cache.apply(cache.generation + 1, ids.map((id) => ({ id, fragment: fragment(id) })));
    pollers.advance();
  };
  /** What was seen since this was last called. */
  const takeSeen = () => seen.splice(0);
  return { time, cache, pollers, poll, change, takeSeen };
}

/** Whether ids are used twice. */
function distinct() {
  const seen = new Set<number>();
  return {
    of(id: number): string {
      const known = seen.has(id);
      seen.add(id);
      return known ? "again" : "anew";
    },
  };
}

const versionOf = (result: PollResult | undefined): string => result?.payload.version ?? assert.fail("nothing new");
const namesOf = (result: PollResult | undefined) => result?.payload.resources.map(({ name }) => name);

Deno.test("poll() holds what there is nothing new for until there is, or the time is up", async () => {
  const { time, poll, change, takeSeen } = createBed();
  const first = versionOf(await poll("a"));
  assert.deepEqual(takeSeen(), ["a opened rest envoy-rest anew", "a sent"]);

  const held = poll("a", first);
  assert.deepEqual(takeSeen(), ["a acked", "a has 0"]);
  await time.advance(999);
  change("s1");
  assert.deepEqual(namesOf(await held), ["s1"]);

  const version = versionOf(await held);
  const late = poll("a", version);
  await time.advance(1000);
  assert.equal(await late, undefined);
  // What comes then waits for the next poll.
  change("s2");
  takeSeen();
  assert.deepEqual(namesOf(await poll("a", version)), ["s1", "s2"]);
  assert.deepEqual(takeSeen(), ["a sent"]);
});

Deno.test("poll() answers at once where nothing is held", async () => {
  const { time, poll } = createBed();
  const version = versionOf(await poll("a", "", { holdMs: 0 }));
  const nothing = poll("a", version, { holdMs: 0 });
  await time.advance(0);
  assert.equal(await nothing, undefined);
  assert.deepEqual(time.waitsMs.filter((ms) => ms < 10_000), [], "no timer of a poll is left");
});

Deno.test("poll() ends the earlier of two that wait for the same", async () => {
  const { poll, change } = createBed();
  const version = versionOf(await poll("a"));
  const [earlier, later] = [poll("a", version), poll("a", version)];
  assert.equal(await earlier, undefined);
  change("s1");
  assert.deepEqual(namesOf(await later), ["s1"]);
});

Deno.test("poll() keeps clients apart, and a slow one holds up no other", async () => {
  const { poll, change, takeSeen } = createBed();
  const [a, b] = [await poll("a"), await poll("b")];
  const waits = poll("a", versionOf(a));
  change("s1");
  assert.deepEqual(namesOf(await waits), ["s1"]);
  takeSeen();
  const again = poll("a", versionOf(await waits));
  assert.deepEqual(takeSeen(), ["a acked", "a has 1"]);
  change("s2");
  assert.deepEqual(namesOf(await again), ["s1", "s2"]);
  assert.deepEqual(namesOf(await poll("b", versionOf(b))), ["s1", "s2"]);
});

Deno.test("poll() begins a new client where a node starts again or passes to another group", async () => {
  const { poll, takeSeen } = createBed();
  poll("a", versionOf(await poll("a")));
  const routes = versionOf(await poll("a", "", { typeUrl: SCOPED_ROUTE }));
  const waits = poll("a", routes, { typeUrl: SCOPED_ROUTE });
  assert.equal(versionOf(await poll("a", "")), routes);
  assert.equal(await waits, undefined, "what the node asked for before");
  assert.deepEqual(takeSeen().filter((line) => /opened|closed/.test(line)), [
    "a opened rest envoy-rest anew",
    "a closed",
    "a opened rest envoy-rest anew",
  ]);
  await poll("a", "", { group: "other" });
  assert.deepEqual(takeSeen(), ["a closed", "a opened rest envoy-rest anew", "a sent"]);
});

Deno.test("poll() forgets a client that stays away, and one that no more asks for all that it did", async () => {
  const { time, pollers, poll, takeSeen } = createBed();
  const version = versionOf(await poll("a"));
  await time.advance(50_000);
  const held = poll("a", version, { holdMs: 25_000 });
  await time.advance(20_000);
  // It waits: it has not gone.
  assert.equal(pollers.clients().length, 1);
  await time.advance(5000);
  assert.equal(await held, undefined);
  await time.advance(59_999);
  assert.equal(pollers.clients().length, 1);
  await time.advance(10_000);
  assert.equal(pollers.clients().length, 0);
  takeSeen();
  assert.deepEqual(time.waitsMs, [], "nothing is watched where nobody polls");

  // It has everything when it comes back, and is told nothing.
  const back = poll("a", version);
  await time.advance(1000);
  assert.equal(await back, undefined);
  assert.deepEqual(takeSeen(), ["a opened rest envoy-rest anew", "a has 0"]);

  await poll("a", "", { typeUrl: SCOPED_ROUTE });
  for (let i = 0; i < 8; i++) {
    await time.advance(10_000);
    poll("a", version);
  }
  assert.deepEqual(takeSeen().filter((line) => /opened|closed/.test(line)), [
    "a closed",
    "a opened rest envoy-rest anew",
  ]);
  pollers.close();
});

Deno.test("poll() forgets a client that has hung up, unless it soon polls again or still waits for something", async () => {
  const { time, pollers, poll } = createBed();
  const clusters = versionOf(await poll("a"));
  poll("a", clusters, { holdMs: 0 });
  const routes = versionOf(await poll("a", "", { typeUrl: SCOPED_ROUTE }));
  const hangUp = (version: string, typeUrl: TypeUrl) => {
    const client = new AbortController();
    const answer = poll("a", version, { typeUrl, holdMs: 20_000, gone: client.signal });
    return { client, answer };
  };
  let [first, second] = [hangUp(clusters, CLUSTER), hangUp(routes, SCOPED_ROUTE)];
  first.client.abort();
  assert.equal(await first.answer, undefined);
  await time.advance(5000);
  assert.equal(pollers.clients().length, 1, "it still waits for routes");

  second.client.abort();
  await time.advance(1999);
  [first, second] = [hangUp(clusters, CLUSTER), hangUp(routes, SCOPED_ROUTE)];
  await time.advance(5000);
  assert.equal(pollers.clients().length, 1, "it has come back");

  for (const { client } of [first, second]) client.abort();
  await time.advance(1999);
  assert.equal(pollers.clients().length, 1);
  await time.advance(1);
  assert.equal(pollers.clients().length, 0);
});

Deno.test("poll() forgets the client that polled least recently where there are too many", async () => {
  const { poll, takeSeen } = createBed({ maxPollers: 2 });
  const version = versionOf(await poll("a"));
  await poll("b");
  poll("a", version);
  await poll("c");
  assert.deepEqual(takeSeen().filter((line) => line.endsWith("closed")), ["b closed"]);
});

Deno.test("poll() lets routes of an Envoy that has some wait for its clusters, but not for ever", async () => {
  const { time, poll, change } = createBed();
  change("s1");
  const waits = poll("a", "before", { typeUrl: SCOPED_ROUTE, holdMs: 30_000 });
  await time.advance(9999);
  let answered = false;
  waits.then(() => answered = true);
  await time.settle();
  assert.equal(answered, false);
  await time.advance(1);
  assert.deepEqual(namesOf(await waits), ["s1"]);
});

Deno.test("poll() takes no answer that was lost for one that was rejected", async () => {
  const { poll, change, takeSeen } = createBed();
  const version = versionOf(await poll("a"));
  change("s1");
  for (let i = 0; i < 10; i++) {
    const result = await poll("a", version);
    assert.deepEqual(namesOf(result), ["s1"]);
    result?.lost();
  }
  assert.ok(!takeSeen().includes("a nacked"));
  for (let i = 0; i < 3; i++) await poll("a", version);
  assert.ok(!takeSeen().includes("a nacked"));
  poll("a", version);
  assert.deepEqual(takeSeen().slice(0, 2), ["a nacked", "a rejected"]);
});

Deno.test("poll() tells of sessions that are left out when somebody comes who cannot be told of them", async () => {
  const { cache, pollers, poll, takeSeen } = createBed();
  const body = encodeMessage("envoy.config.cluster.v3.Cluster", { name: "tls", transportSocket: { name: "tls" } });
  const tls = fragment("tls");
  const change = { id: "tls", fragment: { ...tls, clusters: tls.clusters.map((part) => ({ ...part, body })) } };
  cache.apply(1, [change]);
  await poll("new");
  assert.ok(!takeSeen().includes("tls omitted"));
  assert.deepEqual(namesOf(await poll("old", "", { dialect: "envoy-v2" })), []);
  assert.ok(takeSeen().includes("tls omitted"));
  cache.apply(2, [change]);
  pollers.advance();
  assert.deepEqual(takeSeen(), ["tls omitted"]);
});

Deno.test("clients() says who polls and what each has taken", async () => {
  const { pollers, poll, change } = createBed();
  change("s1");
  const version = versionOf(await poll("a"));
  const statuses = () => pollers.clients().flatMap((view) => Array.from(view.statuses(), ({ status }) => status));
  assert.deepEqual(statuses(), ["STALE"]);
  poll("a", version);
  assert.deepEqual(statuses(), ["SYNCED"]);
  assert.deepEqual(pollers.clients().map(({ client }) => client.node.id), ["a"]);
});

Deno.test("close() ends every poll, those to come too", async () => {
  const { time, pollers, poll, takeSeen } = createBed();
  const version = versionOf(await poll("a"));
  const held = poll("a", version);
  pollers.close();
  assert.equal(await held, undefined);
  assert.equal(await poll("b"), undefined);
  assert.ok(takeSeen().includes("a closed"));
  assert.deepEqual(time.waitsMs, []);
});
