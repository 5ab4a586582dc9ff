import assert from "node:assert/strict";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import type { Fragment } from "./fragment.ts";
import { ResourceCache } from "./resource_cache.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, type TypeUrl } from "./resource_type.ts";

const NOTHING = { listeners: [], clusters: [], secrets: [] };

interface Parts {
  readonly endpoints?: Message<"envoy.config.endpoint.v3.ClusterLoadAssignment">["endpoints"];
  readonly cluster?: Message<"envoy.config.cluster.v3.Cluster">;
  readonly virtualHost?: Message<"envoy.config.route.v3.VirtualHost">;
}

function fragment({ endpoints = [], cluster = {}, virtualHost = {} }: Parts = {}): Fragment {
  return {
    sessionId: "s1",
    clusters: [{
      name: "s1",
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: "s1", ...cluster }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: "s1", endpoints }),
    }],
    virtualHosts: [{ hosts: ["s1.org"], body: encodeMessage("envoy.config.route.v3.VirtualHost", virtualHost) }],
    secrets: [],
  };
}

/** What a gRPC client gets of a type by a name. */
function render(typeUrl: TypeUrl, name: string, parts?: Parts): Uint8Array {
  const cache = new ResourceCache(NOTHING);
  cache.apply(1, [{ id: "s1", fragment: fragment(parts) }]);
  return cache.in("grpc").view(typeUrl).get(name)?.body ?? assert.fail(`there is no ${name}`);
}

const endpoint = (address: string, weight?: number) => ({
  endpoint: { address: { socketAddress: { address, portValue: 1 } } },
  ...(weight === undefined ? {} : { loadBalancingWeight: { value: weight } }),
});

function localities(parts: Parts) {
  const { endpoints } = decodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", render(ENDPOINT, "s1", parts));
  return (endpoints ?? []).map(({ locality, loadBalancingWeight, lbEndpoints }) => [
    locality?.subZone ?? "",
    loadBalancingWeight?.value,
    lbEndpoints?.map(({ endpoint }) => endpoint?.address?.socketAddress?.address),
  ]);
}

Deno.test("endpoints of one weight stay together, in a locality with a weight", () => {
  assert.deepEqual(localities({ endpoints: [{ lbEndpoints: [endpoint("10.0.0.1"), endpoint("10.0.0.2", 1)] }] }), [
    ["", 2, ["10.0.0.1", "10.0.0.2"]],
  ]);
});

Deno.test("endpoints of several weights are a locality a weight, as heavy as they are together", () => {
  const lbEndpoints = [endpoint("10.0.0.1", 30), endpoint("10.0.0.2", 5), endpoint("10.0.0.3", 30)];
  assert.deepEqual(localities({ endpoints: [{ lbEndpoints }] }), [
    ["/weight-30", 60, ["10.0.0.1", "10.0.0.3"]],
    ["/weight-5", 5, ["10.0.0.2"]],
  ]);
});

Deno.test("a cluster has its endpoints by EDS, and keeps its limits", () => {
  const circuitBreakers = { thresholds: [{ maxRequests: { value: 65_536 } }] };
  const bytes = render(CLUSTER, "s1", { cluster: { type: "STATIC", circuitBreakers, connectTimeout: { seconds: 2 } } });
  assert.deepEqual(decodeMessage("envoy.config.cluster.v3.Cluster", bytes), {
    name: "s1",
    type: "EDS",
    edsClusterConfig: { edsConfig: { ads: {}, resourceApiVersion: "V3" } },
    circuitBreakers,
  });
});

Deno.test("routes come without what gRPC clients refuse: settings of filters, and zero tries", () => {
  const typedPerFilterConfig = {
    "envoy.filters.http.cors": {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy" as const,
    },
  };
  const retryOn = "unavailable";
  const virtualHost: Message<"envoy.config.route.v3.VirtualHost"> = {
    typedPerFilterConfig,
    routes: [
      {
        match: { prefix: "/a" },
        typedPerFilterConfig,
        route: {
          weightedClusters: { clusters: [{ name: "s1", weight: { value: 1 }, typedPerFilterConfig }] },
          retryPolicy: { retryOn, numRetries: { value: 0 } },
        },
      },
      { match: { prefix: "/b" }, route: { cluster: "s1", retryPolicy: { retryOn, numRetries: { value: 2 } } } },
      { match: { prefix: "/c" }, redirect: { pathRedirect: "/b" } },
    ],
  };
  const { virtualHosts } = decodeMessage(
    "envoy.config.route.v3.RouteConfiguration",
    render(ROUTE, "s1.org", { virtualHost }),
  );
  assert.deepEqual(virtualHosts, [{
    name: "s1.org",
    domains: ["s1.org"],
    routes: [
      {
        match: { prefix: "/a" },
        route: { weightedClusters: { clusters: [{ name: "s1", weight: { value: 1 } }] } },
      },
      { match: { prefix: "/b" }, route: { cluster: "s1", retryPolicy: { retryOn, numRetries: { value: 2 } } } },
      { match: { prefix: "/c" }, redirect: { pathRedirect: "/b" } },
    ],
  }]);
});

Deno.test("a host that nobody has is a listener without routes, before a session has it and after", () => {
  const cache = new ResourceCache(NOTHING);
  const view = cache.in("grpc").view(LISTENER);
  const before = view.get("s1.org");
  assert.ok(before && before.sessionId === undefined);
  assert.match(JSON.stringify(decodeMessage("envoy.config.listener.v3.Listener", before.body)), /"routeConfig"/);
  assert.equal(view.size, 0);
  cache.apply(1, [{ id: "s1", fragment: fragment() }]);
  const during = view.get("s1.org");
  assert.equal(during?.sessionId, "s1");
  cache.apply(2, [{ id: "s1", fragment: undefined }]);
  assert.equal(view.size, 0);
  assert.equal(view.get("s1.org")?.version, before.version);
  const changes = view.log.since(0).map(({ name, resource }) => [name, resource?.version]);
  assert.deepEqual(changes, [["s1.org", before.version]], "clients are told by an update");
});
