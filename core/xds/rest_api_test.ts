import assert from "node:assert/strict";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER, LISTENER } from "../cache/resource_type.ts";
import { createRouter } from "../http/router.ts";
import { encodeMessage } from "../proto/codec.ts";
import { FakeTime } from "../source/testdata/fake_time.ts";
import { Pollers, type PollRequest } from "./pollers.ts";
import { addRestApi } from "./rest_api.ts";

const silent = { opened() {}, closed() {}, event() {}, progressed() {} };

function fragment(id: string, note = ""): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: id, altStatName: note }),
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

/** The API without a socket, over a cache; `ask()` is one request. */
function createBed({ longPollMs = 800, allowed = true } = {}) {
  const time = new FakeTime();
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const refused: string[] = [];
  const pollers = new Pollers({
    observer: { ...silent, refused() {} },
    timers: time,
    nowMs: () => time.now(),
    takeOmissions: () => [],
    omitted() {},
  });
  const polls: PollRequest[] = [];
  const router = createRouter();
  const admit = (dialect: "envoy-rest" | "envoy-v2") => ({ id }: { readonly id: string }) =>
    id === "stranger" ? undefined : { group: "default", dialect, views: cache.in(dialect) };
  addRestApi(router, {
    pollers: {
      poll(request) {
        polls.push(request);
        return pollers.poll(request);
      },
    },
    admit: { v3: admit("envoy-rest"), v2: admit("envoy-v2") },
    refused: ({ id }) => refused.push(id),
    allowed,
    longPollMs,
    timers: time,
  });
  const ask = async (path: string, body: unknown, options: {
    readonly method?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly from?: string;
  } = {}) => {
    const { method = "POST", headers = {}, from = "127.0.0.1" } = options;
    const request = new Request(`http://localhost${path}`, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(method === "GET" ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return await router.fetch(request, { client: { address: from } });
  };
  /** The same, when the poll has been held for as long as any is. */
  const askAndWait: typeof ask = async (...request) => {
    const answer = ask(...request);
    await time.advance(30_000);
    return await answer;
  };
  return { time, cache, polls, refused, ask, askAndWait };
}

const NODE = { id: "envoy-1", cluster: "edge" };

Deno.test("POST /v3/discovery:… answers with a DiscoveryResponse, and with 304 where there is nothing new", async () => {
  const { time, cache, ask } = createBed();
  cache.apply(1, [{ id: "s1", fragment: fragment("s1") }]);
  const first = await ask("/v3/discovery:clusters", { node: NODE, type_url: CLUSTER });
  assert.equal(first.status, 200);
  assert.equal(first.headers.get("content-type"), "application/json");
  const body = await first.json();
  assert.deepEqual(body, {
    versionInfo: cache.view(CLUSTER).version,
    typeUrl: CLUSTER,
    resources: [{ "@type": CLUSTER, name: "s1", loadAssignment: { clusterName: "s1" } }],
  });
  const held = ask("/v3/discovery:clusters", { node: NODE, version_info: body.versionInfo });
  await time.advance(800);
  const { status, headers, body: none } = await held;
  assert.deepEqual([status, none, headers.get("content-type")], [304, null, null]);
});

Deno.test("POST /v3/discovery:… serves every type that can be polled for, each under its path", async () => {
  const { ask, askAndWait } = createBed();
  for (const word of ["listeners", "routes", "scoped-routes", "clusters"]) {
    const answer = await ask(`/v3/discovery:${word}`, { node: NODE });
    assert.equal(answer.status, 200, word);
    await answer.body?.cancel();
  }
  for (const word of ["endpoints", "secrets"]) {
    const answer = await askAndWait(`/v3/discovery:${word}`, { node: NODE, resource_names: ["none"] });
    assert.equal(answer.status, 304, word);
  }
});

Deno.test("POST /v3/discovery:… holds a poll for four fifths of the time that its client waits", async () => {
  const { polls, askAndWait } = createBed();
  const holdOf = async (headers: Readonly<Record<string, string>>) => {
    await askAndWait("/v3/discovery:secrets", { node: NODE, resource_names: ["none"] }, { headers });
    return polls.at(-1)?.holdMs;
  };
  const header = "x-envoy-expected-rq-timeout-ms";
  assert.equal(await holdOf({}), 800);
  assert.equal(await holdOf({ [header]: "1000" }), 800);
  assert.equal(await holdOf({ [header]: "5000" }), 4000);
  assert.equal(await holdOf({ [header]: "101" }), 80);
  assert.equal(await holdOf({ [header]: "86400000" }), 30_000);
  for (const unreadable of ["0", "-1", "5s", ""]) assert.equal(await holdOf({ [header]: unreadable }), 800);
});

Deno.test("POST /v3/discovery:… holds nothing where it is told so", async () => {
  const { polls, ask } = createBed({ longPollMs: 0 });
  const headers = { "x-envoy-expected-rq-timeout-ms": "5000" };
  await (await ask("/v3/discovery:listeners", { node: NODE }, { headers })).body?.cancel();
  assert.equal(polls[0]?.holdMs, 0);
});

Deno.test("POST /v3/discovery:… tells clients apart by address, id and cluster, and subscriptions by their names", async () => {
  const { polls, askAndWait } = createBed();
  const key = async (node: object, from = "127.0.0.1") => {
    await (await askAndWait("/v3/discovery:clusters", { node }, { from })).body?.cancel();
    return polls.at(-1)?.key;
  };
  const own = await key(NODE);
  assert.equal(await key({ ...NODE, metadata: { a: 1 } }), own);
  const others = [await key(NODE, "127.0.0.2"), await key({ ...NODE, id: "b" }), await key({ ...NODE, cluster: "b" })];
  assert.equal(new Set([own, ...others]).size, 4);

  const lane = async (names: readonly string[]) => {
    await askAndWait("/v3/discovery:secrets", { node: NODE, resource_names: names });
    return polls.at(-1)?.poll.lane;
  };
  assert.equal(await lane(["a", "b"]), await lane(["b", "a"]));
  assert.notEqual(await lane(["a"]), await lane(["a", "b"]));
});

Deno.test("POST /v3/discovery:… hears what was rejected, from those who say it", async () => {
  const { polls, ask } = createBed();
  await (await ask("/v3/discovery:clusters", { node: NODE, error_detail: { message: "no" } })).body?.cancel();
  assert.equal(polls[0]?.poll.error, "no");
});

Deno.test("POST /v2/discovery:… speaks of v2 types, and calls the routes as the client does", async () => {
  const { cache, ask, askAndWait } = createBed();
  cache.apply(1, [{ id: "s1", fragment: fragment("s1") }]);
  const type = "type.googleapis.com/envoy.api.v2.";
  const clusters = await (await ask("/v2/discovery:clusters", { node: NODE, type_url: `${type}Cluster` })).json();
  assert.equal(clusters.typeUrl, `${type}Cluster`);
  assert.equal(clusters.resources[0]["@type"], `${type}Cluster`);
  const taken = await askAndWait("/v2/discovery:clusters", { node: NODE, version_info: clusters.versionInfo });
  assert.equal(taken.status, 304);
  // The oldest say the type by the path alone.
  const routes = await (await ask("/v2/discovery:routes", { node: NODE, resource_names: ["local_routes"] })).json();
  assert.deepEqual(routes.resources, [{
    "@type": `${type}RouteConfiguration`,
    name: "local_routes",
    virtualHosts: [
      { name: "s1", domains: ["s1", "s1:*"], routes: [{ match: { prefix: "/" }, route: { cluster: "s1" } }] },
    ],
    validateClusters: false,
  }]);
});

Deno.test("discovery refuses aloud what it cannot serve", async () => {
  const { polls, refused, ask } = createBed();
  const cases: readonly (readonly [string, unknown, number, string, readonly string[]])[] = [
    ["/v3/discovery:virtual-hosts", { node: NODE }, 404, "not_found", []],
    ["/v3/discovery:runtime", { node: NODE }, 404, "not_found", []],
    ["/v3/discovery:constructor", { node: NODE }, 404, "not_found", []],
    ["/v2/discovery:listeners", { node: NODE }, 404, "not_found", []],
    ["/v3/discovery:clusters", "{", 400, "malformed_request", [""]],
    ["/v3/discovery:clusters", {}, 422, "invalid_request", ["node"]],
    ["/v3/discovery:clusters", { node: NODE, type_url: LISTENER }, 422, "invalid_request", ["type_url"]],
    ["/v2/discovery:clusters", { node: NODE, type_url: CLUSTER }, 422, "invalid_request", ["type_url"]],
    ["/v2/discovery:routes", { node: NODE }, 422, "invalid_request", ["resource_names"]],
    ["/v2/discovery:routes", { node: NODE, resource_names: ["a", "b"] }, 422, "invalid_request", ["resource_names"]],
    ["/v3/discovery:clusters", { node: { id: "stranger" } }, 403, "forbidden", []],
  ];
  for (const [path, body, status, code, paths] of cases) {
    const answer = await ask(path, body);
    assert.equal(answer.status, status, path);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
    const problem = await answer.json();
    assert.equal(problem.code, code);
    assert.deepEqual(problem.issues.map(({ path }: { path: string }) => path), paths, path);
  }
  const got = await ask("/v3/discovery:clusters", undefined, { method: "GET" });
  assert.equal(got.status, 405);
  const plain = await ask("/v3/discovery:clusters", { node: NODE }, { headers: { "content-type": "text/plain" } });
  assert.equal(plain.status, 415);
  assert.deepEqual(polls, []);
  assert.deepEqual(refused, ["stranger"]);
});

Deno.test("discovery answers nobody where others could read it", async () => {
  const { polls, ask } = createBed({ allowed: false });
  for (const path of ["/v3/discovery:secrets", "/v3/discovery:routes", "/v2/discovery:routes"]) {
    const answer = await ask(path, { node: NODE, resource_names: ["a"] });
    assert.deepEqual([answer.status, (await answer.json()).code], [403, "forbidden"], path);
  }
  assert.deepEqual(polls, []);
});

Deno.test("a large answer that is not taken to its end counts as lost", async () => {
  const { cache, ask } = createBed();
  const note = "x".repeat(1000);
  cache.apply(1, Array.from({ length: 500 }, (_, i) => ({ id: `s${i}`, fragment: fragment(`s${i}`, note) })));
  // As often as would be a rejection if it had arrived.
  for (let i = 0; i < 4; i++) {
    const reader = (await ask("/v3/discovery:clusters", { node: NODE })).body?.getReader();
    assert.ok((await reader?.read())?.value);
    await reader?.cancel();
  }
  const whole = await (await ask("/v3/discovery:clusters", { node: NODE })).json();
  assert.equal(whole.resources.length, 500);
});
