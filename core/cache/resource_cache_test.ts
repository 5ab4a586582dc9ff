import assert from "node:assert/strict";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Fragment } from "./fragment.ts";
import { ROUTES, ROUTES_BY_VHDS } from "./names.ts";
import { ResourceCache } from "./resource_cache.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE, SCOPED_ROUTE, SECRET, VIRTUAL_HOST } from "./resource_type.ts";

function fragment(id: string, hosts: readonly string[], note = ""): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: id, altStatName: note }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: id }),
    }],
    virtualHosts: [{
      hosts,
      body: encodeMessage("envoy.config.route.v3.VirtualHost", {
        routes: [{ match: { prefix: "/" }, route: { cluster: id } }],
      }),
    }],
    secrets: [],
  };
}

const SHARED = { listeners: [], clusters: [], secrets: [] };

Deno.test("view() gives one state in every form", () => {
  const cache = new ResourceCache(SHARED);
  cache.apply(1, [{ id: "s1", fragment: fragment("s1", ["s1.example.org", "alias.example.org"]) }]);
  const cluster = cache.view(CLUSTER).get("s1");
  assert.ok(cluster);
  const decoded = decodeMessage("envoy.config.cluster.v3.Cluster", cluster.body);
  assert.equal(decoded.loadAssignment?.clusterName, "s1");
  assert.ok(cache.view(ENDPOINT).get("s1"));
  for (const host of ["s1.example.org", "alias.example.org"]) {
    const scope = cache.view(SCOPED_ROUTE).get(host);
    assert.ok(scope);
    const message = decodeMessage("envoy.config.route.v3.ScopedRouteConfiguration", scope.body);
    assert.equal(message.key?.fragments?.[0]?.stringKey, host);
    assert.equal(message.routeConfiguration?.virtualHosts?.[0]?.routes?.[0]?.route?.cluster, "s1");
    assert.deepEqual(message.routeConfiguration?.validateClusters, { value: false });
    const virtualHost = cache.view(VIRTUAL_HOST).get(`${ROUTES_BY_VHDS}/${host}`);
    assert.ok(virtualHost);
    const { name, domains } = decodeMessage("envoy.config.route.v3.VirtualHost", virtualHost.body);
    assert.equal(name, virtualHost.name);
    assert.deepEqual(domains, [host]);
  }
  const table = cache.view(ROUTE).get(ROUTES);
  assert.ok(table);
  const routes = decodeMessage("envoy.config.route.v3.RouteConfiguration", table.body);
  assert.deepEqual(routes.virtualHosts?.map(({ domains }) => domains), [["s1.example.org", "alias.example.org"]]);
});

Deno.test("apply() turns a host that passes to another session into an update", () => {
  const cache = new ResourceCache(SHARED);
  const view = cache.view(SCOPED_ROUTE);
  cache.apply(1, [{ id: "a", fragment: fragment("a", ["h.example.org"]) }]);
  cache.apply(2, [
    { id: "b", fragment: fragment("b", ["h.example.org"]) },
    { id: "a", fragment: undefined },
  ]);
  assert.deepEqual(view.log.since(1).map(({ name, resource }) => [name, resource?.sessionId]), [[
    "h.example.org",
    "b",
  ]]);
});

Deno.test("apply() logs nothing for a fragment of the same content", () => {
  const cache = new ResourceCache(SHARED);
  const view = cache.view(CLUSTER);
  cache.apply(1, [{ id: "a", fragment: fragment("a", ["h.example.org"]) }]);
  cache.apply(2, [{ id: "a", fragment: fragment("a", ["h.example.org"]) }]);
  assert.deepEqual(view.log.since(0).map(({ generation }) => generation), [1]);
  assert.equal(view.log.head, 2);
});

Deno.test("a cache has the same versions whatever its history", () => {
  const direct = new ResourceCache(SHARED);
  direct.apply(1, [{ id: "b", fragment: fragment("b", ["b.example.org"]) }]);
  const roundabout = new ResourceCache(SHARED);
  roundabout.view(ROUTE);
  roundabout.apply(1, [{ id: "a", fragment: fragment("a", ["b.example.org"]) }]);
  roundabout.apply(2, [{ id: "a", fragment: undefined }, { id: "b", fragment: fragment("b", ["b.example.org"], "x") }]);
  roundabout.apply(3, [{ id: "b", fragment: fragment("b", ["b.example.org"]) }]);
  for (const type of [CLUSTER, SCOPED_ROUTE, ROUTE, VIRTUAL_HOST] as const) {
    assert.equal(roundabout.view(type).version, direct.view(type).version, type);
  }
});

Deno.test("updateShared() replaces, adds and removes what belongs to no session, as one step", () => {
  const part = (name: string, text: string) => ({ name, body: new TextEncoder().encode(text) });
  const cache = new ResourceCache({ ...SHARED, secrets: [part("a", "1"), part("b", "1"), part("c", "1")] });
  const secrets = cache.view(SECRET);
  cache.apply(1, [{ id: "s1", fragment: { ...fragment("s1", []), secrets: [part("s1/client", "1")] } }]);
  const before = secrets.version;
  const listeners = [part("ingress", "1")];
  cache.updateShared(2, { ...SHARED, listeners, secrets: [part("a", "2"), part("b", "1"), part("d", "1")] });
  assert.deepEqual(
    secrets.log.since(1).map(({ name, resource, generation }) => [name, resource !== undefined, generation]),
    [["a", true, 2], ["d", true, 2], ["c", false, 2]],
  );
  assert.deepEqual([...secrets.resources()].map(({ name }) => name).sort(), ["a", "b", "d", "s1/client"]);
  assert.notEqual(secrets.version, before);
  assert.equal(cache.view(CLUSTER).log.head, 2);
  // A view that is made later begins with it.
  assert.deepEqual([...cache.view(LISTENER).resources()].map(({ name }) => name), ["ingress"]);
  cache.updateShared(3, { ...SHARED, listeners, secrets: [part("a", "2"), part("b", "1"), part("d", "1")] });
  assert.deepEqual(secrets.log.since(2), []);
});

function fragmentWithTls(id: string): Fragment {
  const body = encodeMessage("envoy.config.cluster.v3.Cluster", { name: id, transportSocket: { name: "tls" } });
  const given = fragment(id, [`${id}.example.org`]);
  return { ...given, clusters: given.clusters.map((cluster) => ({ ...cluster, body })) };
}

Deno.test("in() gives Envoys of the v2 API clusters and routes, and no session by half", () => {
  const cache = new ResourceCache(SHARED);
  cache.apply(1, [
    { id: "a", fragment: fragment("a", ["a.example.org", "alias.example.org"]) },
    { id: "tls", fragment: fragmentWithTls("tls") },
  ]);
  assert.deepEqual(cache.takeOmissions(), []);
  const views = cache.in("envoy-v2");
  assert.deepEqual([...views.view(CLUSTER).resources()].map(({ name }) => name), ["a"]);
  const routes = () => {
    const table = views.view(ROUTE).get(ROUTES);
    assert.ok(table);
    return decodeMessage("envoy.config.route.v3.RouteConfiguration", table.body);
  };
  assert.deepEqual(routes(), {
    name: ROUTES,
    virtualHosts: [{
      name: "a.example.org",
      domains: ["a.example.org", "a.example.org:*", "alias.example.org", "alias.example.org:*"],
      routes: [{ match: { prefix: "/" }, route: { cluster: "a" } }],
    }],
    validateClusters: { value: false },
  });
  const omission = {
    sessionId: "tls",
    dialect: "envoy-v2",
    issues: [{ path: "clusters[0].transportSocket", message: "cannot be said in the v2 API" }],
  };
  assert.deepEqual(cache.takeOmissions(), [omission]);
  assert.deepEqual(cache.takeOmissions(), []);

  cache.apply(2, [{ id: "tls", fragment: fragment("tls", ["tls.example.org"]) }]);
  assert.deepEqual([...views.view(CLUSTER).resources()].map(({ name }) => name), ["a", "tls"]);
  assert.equal(routes().virtualHosts?.length, 2);
  cache.apply(3, [{ id: "tls", fragment: fragmentWithTls("tls") }]);
  assert.deepEqual([...views.view(CLUSTER).resources()].map(({ name }) => name), ["a"]);
  assert.equal(routes().virtualHosts?.length, 1);
  assert.deepEqual(cache.takeOmissions(), [omission]);
});
