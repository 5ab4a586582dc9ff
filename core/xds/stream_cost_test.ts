import assert from "node:assert/strict";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER, ENDPOINT, SCOPED_ROUTE, VIRTUAL_HOST } from "../cache/resource_type.ts";
import { ROUTES_BY_VHDS } from "../cache/names.ts";
import { encodeMessage } from "../proto/codec.ts";
import { type DeltaOutput, DeltaStream } from "./delta_stream.ts";
import { type SotwOutput, SotwStream } from "./sotw_stream.ts";
import { CountedViews } from "./testdata/counted_views.ts";

function fragment(id: string, note = ""): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: id, altStatName: note }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", {
        clusterName: id,
        endpoints: note === "" ? [] : [{ lbEndpoints: [{ endpoint: { hostname: note } }] }],
      }),
    }],
    virtualHosts: [{
      hosts: [`${id}.example.org`],
      body: encodeMessage("envoy.config.route.v3.VirtualHost", {
        routes: [{ match: { prefix: "/" }, route: { cluster: id }, name: note }],
      }),
    }],
    secrets: [],
  };
}

/** A cache of that many sessions, and what is read of it. */
function createCache(sessions: number) {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const ids = Array.from({ length: sessions }, (_, index) => `s${index}`);
  cache.apply(1, ids.map((id) => ({ id, fragment: fragment(id) })));
  const views = new CountedViews(cache);
  const change = (id: string, note?: string) => {
    cache.apply(cache.generation + 1, [{ id, fragment: note === undefined ? undefined : fragment(id, note) }]);
  };
  /** How much is read meanwhile. */
  const reads = (act: () => void): number => {
    views.reads = 0;
    act();
    return views.reads;
  };
  return { views, change, reads };
}

function createDelta(sessions: number) {
  const { views, change, reads } = createCache(sessions);
  const stream = new DeltaStream(views);
  const request = { subscribe: [], unsubscribe: [], initialVersions: {}, nonce: "" };
  /** Accepts everything, and what comes of that. Returns how many responses there were. */
  const accept = ({ responses }: DeltaOutput): number =>
    responses.reduce((count, { typeUrl, nonce }) => count + accept(stream.receive({ ...request, typeUrl, nonce })), 0) +
    responses.length;
  const subscribe = (typeUrl: string, names: readonly string[]) =>
    accept(stream.receive({ ...request, typeUrl, subscribe: names }));
  return { change, reads, accept, subscribe, advance: () => accept(stream.advance()) };
}

function createSotw(sessions: number) {
  const { views, change, reads } = createCache(sessions);
  const stream = new SotwStream(views);
  const wanted = new Map<string, readonly string[]>();
  const accept = ({ responses }: SotwOutput): number =>
    responses.reduce((count, { typeUrl, nonce, payload: { version } }) => {
      const names = wanted.get(typeUrl) ?? [];
      return count + accept(stream.receive({ typeUrl, names, version, nonce }));
    }, 0) + responses.length;
  const subscribe = (typeUrl: string, names: readonly string[]) => {
    wanted.set(typeUrl, names);
    return accept(stream.receive({ typeUrl, names, version: "", nonce: "" }));
  };
  return { change, reads, accept, subscribe, advance: () => accept(stream.advance()) };
}

const FEW = 10;
const MANY = 1000;
const idsOf = (count: number, form = (id: string) => id) => Array.from({ length: count }, (_, i) => form(`s${i}`));

Deno.test("a delta stream reads nothing when there is nothing to read, however many sessions there are", () => {
  const { reads, subscribe, advance } = createDelta(MANY);
  subscribe(CLUSTER, ["*"]);
  subscribe(SCOPED_ROUTE, ["*"]);
  subscribe(ENDPOINT, idsOf(MANY));
  subscribe(VIRTUAL_HOST, idsOf(MANY, (id) => `${ROUTES_BY_VHDS}/${id}.example.org`));
  let responses = -1;
  assert.equal(reads(() => responses = advance()), 0);
  assert.equal(responses, 0);
});

Deno.test("a change costs a delta stream the same with few sessions and with many", () => {
  const steps: readonly (readonly [id: string, note: string | undefined])[] = [
    ["s1", "moved"],
    ["new", "first"],
    ["new", undefined],
  ];
  const costsOf = (sessions: number) => {
    const { change, reads, subscribe, advance } = createDelta(sessions);
    subscribe(CLUSTER, ["*"]);
    subscribe(SCOPED_ROUTE, ["*"]);
    return steps.map(([id, note]) => {
      change(id, note);
      let responses = 0;
      const cost = reads(() => responses = advance());
      assert.equal(responses, 2);
      return cost;
    });
  };
  const costs = costsOf(FEW);
  assert.deepEqual(costsOf(MANY), costs);
  assert.ok(Math.max(...costs) < 20, `${costs}`);
});

Deno.test("a change of what nobody asked for by name is one read", () => {
  for (const create of [createDelta, createSotw]) {
    const { change, reads, subscribe, advance } = create(MANY);
    subscribe(ENDPOINT, idsOf(MANY - 1));
    change(`s${MANY - 1}`, "moved");
    let responses = -1;
    assert.equal(reads(() => responses = advance()), 1);
    assert.equal(responses, 0);
  }
});

Deno.test("a stream of the state of the world reads nothing when there is nothing to read", () => {
  const { reads, subscribe, advance } = createSotw(MANY);
  subscribe(CLUSTER, []);
  subscribe(SCOPED_ROUTE, []);
  subscribe(ENDPOINT, idsOf(MANY));
  let responses = -1;
  assert.equal(reads(() => responses = advance()), 0);
  assert.equal(responses, 0);
});

Deno.test("streams in step are given the same payload, so that it is encoded once", () => {
  const { views, change } = createCache(FEW);
  const request = { typeUrl: CLUSTER, subscribe: ["*"], unsubscribe: [], initialVersions: {}, nonce: "" };
  const streams = [new DeltaStream(views), new DeltaStream(views), new DeltaStream(views)];
  const payloadsOf = (act: (stream: DeltaStream) => DeltaOutput) =>
    new Set(streams.map((stream) => act(stream).responses[0]?.payload));
  assert.equal(payloadsOf((stream) => stream.receive(request)).size, 1);
  change("s1", "moved");
  change("s2");
  const payloads = payloadsOf((stream) => stream.receive({ ...request, subscribe: [], nonce: "1" }));
  assert.equal(payloads.size, 1);
  assert.deepEqual([...payloads][0]?.resources.map(({ name }) => name), ["s1"]);
});
