import assert from "node:assert/strict";
import type { Layout } from "../pipeline/listener.ts";
import { buildShared } from "../pipeline/shared.ts";
import { checkMessage } from "../proto/check.ts";
import { decodeMessage } from "../proto/codec.ts";
import { ROUTES } from "./names.ts";
import { ResourceCache } from "./resource_cache.ts";
import { CLUSTER, LISTENER, ROUTE, SCOPED_ROUTE } from "./resource_type.ts";

const TYPE = "envoy.config.listener.v3.Listener";
const LISTENERS = [{ name: "ingress", address: "127.0.0.1", port: 1, tls: { cert: "cert", key: "key" } }];

const cacheOf = (routes: Layout["routes"], clusters: Layout["clusters"] = "push") =>
  new ResourceCache(buildShared({ layout: { routes, clusters }, listeners: LISTENERS, hookSets: [] }));

function listenerIn(cache: ResourceCache, dialect: "envoy" | "envoy-rest") {
  const body = cache.in(dialect).view(LISTENER).get("ingress")?.body;
  assert.ok(body);
  return decodeMessage(TYPE, body);
}

/** Every object in a message that has a field of this name. */
function having(message: unknown, field: string): readonly unknown[] {
  if (typeof message !== "object" || message === null) return [];
  return [
    ...(Object.hasOwn(message, field) ? [message] : []),
    ...Object.values(message).flatMap((v) => having(v, field)),
  ];
}

Deno.test("a listener for Envoys that poll polls wherever the other has ADS, and is the same otherwise", () => {
  for (const layout of ["scoped", "rds"] as const) {
    const cache = cacheOf(layout);
    const listener = listenerIn(cache, "envoy");
    const polling = listenerIn(cache, "envoy-rest");
    assert.deepEqual(checkMessage(TYPE, polling), []);
    const sources = having(listener, "ads");
    assert.ok(sources.length >= 2);
    const polled = having(polling, "apiConfigSource");
    assert.equal(polled.length, sources.length);
    assert.deepEqual(having(polling, "ads"), []);
    for (const source of polled) {
      assert.deepEqual(source, {
        resourceApiVersion: "V3",
        apiConfigSource: {
          apiType: "REST",
          transportApiVersion: "V3",
          clusterNames: ["signalbox_xds"],
          refreshDelay: { nanos: 200_000_000 },
          requestTimeout: { seconds: 5 },
        },
      });
    }
    const withoutSources = (message: unknown) =>
      JSON.parse(
        JSON.stringify(message, (name, value) => /(config|sds)(Config)?Source|sdsConfig$/i.test(name) ? "" : value),
      );
    assert.deepEqual(withoutSources(polling), withoutSources(listener));
  }
});

Deno.test("a listener for Envoys that poll takes all routes at once where others ask for hosts one by one", () => {
  assert.deepEqual(listenerIn(cacheOf("vhds"), "envoy-rest"), listenerIn(cacheOf("rds"), "envoy-rest"));
  const [rds] = having(listenerIn(cacheOf("vhds"), "envoy-rest"), "routeConfigName");
  assert.equal((rds as { routeConfigName: string }).routeConfigName, ROUTES);
});

Deno.test("a listener for Envoys that poll asks for no cluster on demand", () => {
  for (const routes of ["scoped", "vhds"] as const) {
    const onDemand = cacheOf(routes, "on-demand");
    assert.equal(having(listenerIn(onDemand, "envoy"), "odcds").length, 1);
    assert.deepEqual(listenerIn(onDemand, "envoy-rest"), listenerIn(cacheOf(routes), "envoy-rest"));
  }
});

Deno.test("Envoys that poll share every view with the others but that of the listeners", () => {
  const cache = cacheOf("scoped");
  for (const typeUrl of [CLUSTER, ROUTE, SCOPED_ROUTE] as const) {
    assert.equal(cache.in("envoy-rest").view(typeUrl), cache.view(typeUrl));
  }
  assert.notEqual(cache.in("envoy-rest").view(LISTENER), cache.view(LISTENER));
});
