import assert from "node:assert/strict";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import type { Fragment } from "./fragment.ts";
import { inV2 } from "./in_v2.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type Route = Message<"envoy.config.route.v3.Route">;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

function fragment(cluster: Cluster, route: Route = { match: { prefix: "/" }, route: { cluster: "a" } }): Fragment {
  return {
    sessionId: "a",
    clusters: [{
      name: "a",
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: "a", ...cluster }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: "a" }),
    }],
    virtualHosts: [{
      hosts: ["a.example.org"],
      body: encodeMessage("envoy.config.route.v3.VirtualHost", { routes: [route] }),
    }],
    secrets: [],
  };
}

const http = (options: Message<typeof HTTP_OPTIONS>): Cluster => ({
  typedExtensionProtocolOptions: { [HTTP_OPTIONS]: { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, ...options } },
});

function clusterInV2(cluster: Cluster): Cluster {
  const said = inV2(fragment(cluster));
  assert.ok(said.ok, JSON.stringify(said));
  return decodeMessage("envoy.config.cluster.v3.Cluster", said.session.clusters[0]?.body ?? new Uint8Array());
}

function routeInV2(route: Route): Route | undefined {
  const said = inV2(fragment({}, route));
  assert.ok(said.ok, JSON.stringify(said));
  const body = said.session.virtualHosts[0]?.body ?? new Uint8Array();
  return decodeMessage("envoy.config.route.v3.VirtualHost", body).routes?.[0];
}

function pathsNotInV2(given: Fragment): readonly string[] {
  const said = inV2(given);
  return said.ok ? [] : said.issues.map(({ path }) => path);
}

const leads = (route: Message<"envoy.config.route.v3.RouteAction">): Route => ({ match: { prefix: "/" }, route });

Deno.test("inV2() says HTTP options on the cluster itself, and leaves out what changes no answer", () => {
  const keepalive = { connectionKeepalive: { interval: { seconds: 30 } }, maxConcurrentStreams: { value: 7 } };
  const cluster = clusterInV2(http({
    explicitHttpConfig: { http2ProtocolOptions: keepalive },
    commonHttpProtocolOptions: { idleTimeout: { seconds: 60 } },
  }));
  assert.deepEqual(cluster, {
    name: "a",
    loadAssignment: { clusterName: "a" },
    http2ProtocolOptions: { maxConcurrentStreams: { value: 7 } },
    commonHttpProtocolOptions: { idleTimeout: { seconds: 60 } },
  });
  assert.deepEqual(clusterInV2(http({ explicitHttpConfig: { httpProtocolOptions: {} } })), {
    name: "a",
    loadAssignment: { clusterName: "a" },
  });
});

Deno.test("inV2() refuses HTTP options that v2 has not, by their path", () => {
  const options: Message<typeof HTTP_OPTIONS>[] = [
    { explicitHttpConfig: { http3ProtocolOptions: {} } },
    { explicitHttpConfig: { httpProtocolOptions: { acceptHttp10: true } } },
    { autoConfig: {} },
    { explicitHttpConfig: {}, upstreamHttpProtocolOptions: { autoSni: true } },
  ];
  for (const option of options) {
    assert.deepEqual(pathsNotInV2(fragment(http(option))), ["clusters[0].typedExtensionProtocolOptions"]);
  }
  const tooMuch = http({ explicitHttpConfig: { http2ProtocolOptions: { allowConnect: true } } });
  assert.deepEqual(pathsNotInV2(fragment(tooMuch)), ["clusters[0].http2ProtocolOptions.allowConnect"]);
});

Deno.test("inV2() refuses TLS, filters of a route and clusters of others, each by its path", () => {
  const tls: Cluster = { transportSocket: { name: "tls" } };
  assert.deepEqual(pathsNotInV2(fragment(tls)), ["clusters[0].transportSocket"]);
  const perFilter: Route = {
    ...leads({ cluster: "a" }),
    typedPerFilterConfig: {
      jwt: { "@type": "type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig" },
    },
  };
  assert.deepEqual(pathsNotInV2(fragment({}, perFilter)), ["virtualHosts[0].routes[0].typedPerFilterConfig"]);
  assert.deepEqual(pathsNotInV2(fragment({}, leads({ cluster: "auth:shared" }))), [
    "virtualHosts[0].routes[0].route.cluster",
  ]);
  const weighted = { clusters: [{ name: "a", weight: { value: 1 } }, { name: "b", weight: { value: 1 } }] };
  assert.deepEqual(pathsNotInV2(fragment({}, leads({ weightedClusters: weighted }))), [
    "virtualHosts[0].routes[0].route.weightedClusters.clusters[1].name",
  ]);
});

Deno.test("inV2() says which upgrades a route allows", () => {
  const upgradeConfigs = [{ upgradeType: "websocket" }];
  assert.deepEqual(routeInV2(leads({ cluster: "a", upgradeConfigs }))?.route?.upgradeConfigs, upgradeConfigs);
  const tunnel = [{ upgradeType: "CONNECT", connectConfig: {} }];
  assert.deepEqual(pathsNotInV2(fragment({}, leads({ cluster: "a", upgradeConfigs: tunnel }))), [
    "virtualHosts[0].routes[0].route.upgradeConfigs[0].connectConfig",
  ]);
});

Deno.test("inV2() says weights, headers and matches in v2's own way", () => {
  const clusters = [{ name: "a", weight: { value: 3 } }, { name: "a", weight: { value: 4 } }];
  const { weightedClusters } = routeInV2(leads({ weightedClusters: { clusters } }))?.route ?? {};
  assert.deepEqual(weightedClusters?.totalWeight, { value: 7 });

  const header = { key: "x", value: "1" };
  const added = routeInV2({
    ...leads({ cluster: "a" }),
    requestHeadersToAdd: [
      { header },
      { header, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" },
      { header, append: { value: false } },
    ],
  })?.requestHeadersToAdd;
  assert.deepEqual(added, [
    { header, append: { value: true } },
    { header, append: { value: false } },
    { header, append: { value: false } },
  ]);
  const onlyIfAbsent: Route = {
    ...leads({ cluster: "a" }),
    requestHeadersToAdd: [{ header, appendAction: "ADD_IF_ABSENT" }],
  };
  assert.deepEqual(pathsNotInV2(fragment({}, onlyIfAbsent)), [
    "virtualHosts[0].routes[0].requestHeadersToAdd[0].appendAction",
  ]);

  const match = routeInV2({
    match: {
      safeRegex: { regex: "/a.*" },
      headers: [
        { name: "h", stringMatch: { exact: "1" } },
        { name: "h", stringMatch: { safeRegex: { regex: "2" } }, invertMatch: true },
        { name: "h", presentMatch: true },
      ],
    },
    route: { cluster: "a" },
  })?.match;
  assert.deepEqual(match, {
    safeRegex: { googleRe2: {}, regex: "/a.*" },
    headers: [
      { name: "h", exactMatch: "1" },
      { name: "h", safeRegexMatch: { googleRe2: {}, regex: "2" }, invertMatch: true },
      { name: "h", presentMatch: true },
    ],
  });
  for (const stringMatch of [{ contains: "1" }, { exact: "1", ignoreCase: true }]) {
    const route: Route = { match: { prefix: "/", headers: [{ name: "h", stringMatch }] }, route: { cluster: "a" } };
    assert.deepEqual(pathsNotInV2(fragment({}, route)), ["virtualHosts[0].routes[0].match.headers[0].stringMatch"]);
  }
});

Deno.test("inV2() leaves out a cluster that leaves and has no words in v2, and says the rest", () => {
  const { clusters: [old], ...rest } = fragment({ transportSocket: { name: "tls" } });
  const { clusters: [own], virtualHosts } = fragment({});
  assert.ok(old && own);
  const said = inV2({ ...rest, virtualHosts, clusters: [own, { ...old, name: "a/2", leaving: true }] });
  assert.ok(said.ok);
  assert.deepEqual(said.session.clusters.map(({ name }) => name), ["a"]);
});
