import assert from "node:assert/strict";
import type { Fragment } from "../cache/fragment.ts";
import { ROUTES } from "../cache/names.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER, ROUTE, type TypeUrl } from "../cache/resource_type.ts";
import { decodeMessage, encodeMessage, messageFromJson } from "../proto/codec.ts";
import { JsonResponses } from "./json_response.ts";
import type { SotwPayload } from "./sotw_subscription.ts";

const CLUSTER_TYPE = "envoy.config.cluster.v3.Cluster";
const ROUTE_TYPE = "envoy.config.route.v3.RouteConfiguration";

/** Large enough that a thousand of them are worth keeping. */
function fragment(id: string, note = "x".repeat(100)): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage(CLUSTER_TYPE, { name: id, altStatName: note }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: id }),
    }],
    virtualHosts: [{
      hosts: [id],
      body: encodeMessage("envoy.config.route.v3.VirtualHost", {
        routes: [{ name: note, match: { prefix: "/" }, route: { cluster: id } }],
      }),
    }],
    secrets: [],
  };
}

function createBed(count: number) {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  cache.apply(1, Array.from({ length: count }, (_, i) => ({ id: `s${i}`, fragment: fragment(`s${i}`) })));
  let turns = 0;
  const responses = new JsonResponses({
    nextTurn() {
      turns++;
      return Promise.resolve();
    },
  });
  const encode = (typeUrl: TypeUrl, options: { readonly routesAs?: string; readonly payload?: SotwPayload } = {}) => {
    const view = cache.view(typeUrl);
    const resources = typeUrl === ROUTE ? [view.get(ROUTES) ?? assert.fail()] : [...view.resources()];
    return responses.encode({
      typeUrl,
      asTypeUrl: `as/${typeUrl}`,
      payload: { resources, version: view.version },
      ...options,
    });
  };
  return { cache, encode, turns: () => turns };
}

// deno-lint-ignore no-explicit-any -- JSON that the test looks into
const read = (bytes: Uint8Array): any => JSON.parse(new TextDecoder().decode(bytes));

Deno.test("encode() gives each resource in proto3 JSON under the type that the client knows", async () => {
  const { cache, encode } = createBed(2);
  const { versionInfo, typeUrl, resources, ...rest } = read(await encode(CLUSTER));
  assert.deepEqual(rest, {});
  assert.equal(versionInfo, cache.view(CLUSTER).version);
  assert.equal(typeUrl, `as/${CLUSTER}`);
  const bodies = [...cache.view(CLUSTER).resources()].map(({ body }) => decodeMessage(CLUSTER_TYPE, body));
  assert.equal(resources.length, 2);
  for (const [index, { "@type": type, ...cluster }] of resources.entries()) {
    assert.equal(type, `as/${CLUSTER}`);
    assert.deepEqual(messageFromJson(CLUSTER_TYPE, cluster), bodies[index]);
  }
});

Deno.test("encode() gives the routes of all sessions as they are encoded, under another name if it must", async () => {
  const { cache, encode } = createBed(3);
  const routes = decodeMessage(ROUTE_TYPE, cache.view(ROUTE).get(ROUTES)?.body ?? new Uint8Array());
  const [{ "@type": _, ...own }] = read(await encode(ROUTE)).resources;
  assert.deepEqual(messageFromJson(ROUTE_TYPE, own), routes);
  const [{ "@type": __, ...others }] = read(await encode(ROUTE, { routesAs: "local" })).resources;
  assert.deepEqual(messageFromJson(ROUTE_TYPE, others), { ...routes, name: "local" });
});

Deno.test("encode() of no resources is a response too", async () => {
  const { encode } = createBed(0);
  assert.deepEqual(read(await encode(CLUSTER)).resources, []);
});

Deno.test("encode() gives clients in step the same bytes, and nobody another's", async () => {
  const { cache, encode } = createBed(1000);
  const [first, second] = await Promise.all([encode(CLUSTER), encode(CLUSTER)]);
  assert.equal(first, second);
  const [routes, same, renamed] = [await encode(ROUTE), await encode(ROUTE), await encode(ROUTE, { routesAs: "b" })];
  assert.equal(routes, same);
  assert.notEqual(routes, renamed);
  assert.equal(await encode(CLUSTER), first, "other types take no other's place");
  // One client may be sent a resource in other bytes, though it is the same.
  const view = cache.view(CLUSTER);
  const body = encodeMessage(CLUSTER_TYPE, { name: "s0", altStatName: "other" });
  const resources = Array.from(
    view.resources(),
    (resource) => resource.name === "s0" ? { ...resource, body } : resource,
  );
  const other = await encode(CLUSTER, { payload: { resources, version: view.version } });
  assert.equal(read(other).resources.find(({ name }: { name: string }) => name === "s0").altStatName, "other");
});

Deno.test("encode() turns nothing into JSON twice, and lets others have their turn meanwhile", async () => {
  const { cache, encode, turns } = createBed(1000);
  await encode(CLUSTER);
  assert.equal(turns(), 10);
  await encode(ROUTE);
  assert.equal(turns(), 20);
  cache.apply(2, Array.from({ length: 99 }, (_, i) => ({ id: `s${i}`, fragment: fragment(`s${i}`, "other") })));
  await encode(CLUSTER);
  await encode(ROUTE);
  assert.equal(turns(), 20);
});
