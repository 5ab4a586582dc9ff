import assert from "node:assert/strict";
import { ROUTES, ROUTES_BY_VHDS } from "../cache/names.ts";
import type { Hooks } from "../plugin/hooks.ts";
import { decodeMessage } from "../proto/codec.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Layout } from "./listener.ts";
import { buildShared, type ListenerSource } from "./shared.ts";

const LISTENER = "envoy.config.listener.v3.Listener";
const CLEARTEXT: ListenerSource = { name: "plain", address: "0.0.0.0", port: 8080 };
const TLS: ListenerSource = { name: "tls", address: "::", port: 8443, tls: { cert: "(certificate)", key: "(key)" } };

function build(listeners: readonly ListenerSource[], hooks: Hooks = {}, routes: Layout["routes"] = "scoped") {
  return buildShared({ layout: { routes, clusters: "push" }, listeners, hookSets: [{ plugin: "p", hooks }] });
}

function connectionManager(body: Uint8Array) {
  const config = decodeMessage(LISTENER, body).filterChains?.[0]?.filters?.[0]?.typedConfig;
  assert.ok(
    config?.["@type"] ===
        "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager" &&
      !("value" in config),
  );
  return config;
}

function errorOf(act: () => unknown): SignalboxError {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof SignalboxError);
    return thrown;
  }
  return assert.fail("nothing was thrown");
}

Deno.test("buildShared() keeps a certificate out of its listener, which asks for it by name", () => {
  const { listeners, secrets } = build([CLEARTEXT, TLS]);
  assert.deepEqual(listeners.map(({ name }) => name), ["plain", "tls"]);
  assert.deepEqual(secrets.map(({ name }) => name), ["listener:tls"]);
  const [plain, tls] = listeners.map(({ body }) => decodeMessage(LISTENER, body).filterChains?.[0]?.transportSocket);
  assert.equal(plain, undefined);
  assert.match(JSON.stringify(tls), /"listener:tls"/);
  const other = build([CLEARTEXT, { ...TLS, tls: { cert: "(renewed)", key: "(key)" } }]);
  assert.deepEqual(other.listeners, listeners);
  assert.notDeepEqual(other.secrets, secrets);
});

Deno.test("buildShared() takes routes from where the layout says", () => {
  const of = (layout: Layout["routes"]) =>
    connectionManager(build([CLEARTEXT], {}, layout).listeners[0]?.body ?? assert.fail());
  assert.equal(of("scoped").scopedRoutes?.scopeKeyBuilder?.fragments?.[0]?.headerValueExtractor?.name, ":authority");
  assert.equal(of("rds").rds?.routeConfigName, ROUTES);
  assert.equal(of("vhds").rds?.routeConfigName, ROUTES_BY_VHDS);
});

Deno.test("buildShared() gives the same bytes again", () => {
  assert.deepEqual(build([CLEARTEXT, TLS]), build([CLEARTEXT, TLS]));
});

Deno.test("buildShared() lets hooks replace, add and drop listeners", () => {
  const { listeners } = build([CLEARTEXT, TLS], {
    listener: (listener) => listener.name === "tls" ? [] : [listener, { ...listener, name: "more" }],
  });
  assert.deepEqual(listeners.map(({ name }) => name), ["plain", "more"]);
});

Deno.test("buildShared() names the field of a listener that Envoy would refuse", () => {
  const { code, issues } = errorOf(() =>
    build([CLEARTEXT], { listener: (it) => ({ ...it, filterChains: [{ filters: [{}] }] }) })
  );
  assert.equal(code, "invalid_config");
  assert.deepEqual(issues.map(({ path }) => path), ["listeners[0].filterChains[0].filters[0].name"]);
});

Deno.test("buildShared() refuses two listeners of one name, and one without", () => {
  const issuesOf = (hooks: Hooks) => errorOf(() => build([CLEARTEXT], hooks)).issues;
  assert.deepEqual(issuesOf({ listener: (it) => [it, it] }), [
    { path: "listeners[1].name", message: 'there are two listeners "plain"' },
  ]);
  assert.deepEqual(issuesOf({ listener: ({ name: _, ...it }) => it }), [
    { path: "listeners[0].name", message: "is required" },
  ]);
});

Deno.test("buildShared() names the plugin whose hook failed", () => {
  const cause = new Error("no geo database");
  const error = errorOf(() => build([CLEARTEXT], { listener: () => assert.fail(cause) }));
  assert.equal(error.code, "invalid_config");
  assert.equal(error.message, 'Plugin "p" failed in "listener": no geo database');
});

Deno.test("buildShared() adds what plugins give that belongs to no session", () => {
  const cluster = { name: "p:authz", type: "STRICT_DNS", connectTimeout: { seconds: 1 } } as const;
  const { clusters, secrets } = build([TLS], {
    extras: () => ({ clusters: [cluster], secrets: [{ name: "p:token", genericSecret: {} }] }),
  });
  assert.deepEqual(clusters.map(({ name }) => name), ["p:authz"]);
  assert.deepEqual(secrets.map(({ name }) => name), ["listener:tls", "p:token"]);
  assert.deepEqual(build([], { extras: () => {} }).clusters, []);
});

Deno.test("buildShared() refuses extras under names that are not the plugin's, and those that Envoy would refuse", () => {
  const issuesOf = (extras: object) => errorOf(() => build([], { extras: () => extras })).issues;
  assert.deepEqual(issuesOf({ clusters: [{ name: "session-1" }, { name: "p:a" }, { name: "p:a" }] }), [
    { path: "clusters[0].name", message: 'must begin with "p:", is "session-1"' },
    { path: "clusters[2].name", message: '"p:a" is there twice' },
  ]);
  assert.deepEqual(issuesOf({ clusters: [{ name: "p:a", connectTimeout: { seconds: -1 } }] }).map(({ path }) => path), [
    "clusters[0].connectTimeout",
  ]);
  assert.deepEqual(issuesOf({ listeners: [] }), [{ path: "listeners", message: "must be clusters or secrets" }]);
});

Deno.test("buildShared() does without a plugin that fails only where it may be skipped, and says so", () => {
  const bad: Hooks = { listener: () => assert.fail("no"), extras: () => ({ clusters: [{ name: "p:a" }] }) };
  const good: Hooks = { listener: (listener) => ({ ...listener, statPrefix: "x" }) };
  const hookSets = [{ plugin: "p", hooks: bad, onError: "skip" as const }, { plugin: "q", hooks: good }];
  const skipped: unknown[] = [];
  const shared = buildShared({
    layout: { routes: "scoped", clusters: "push" },
    listeners: [CLEARTEXT],
    hookSets,
    onSkipped: (failures) => skipped.push(...failures.map(({ plugin, hook }) => [plugin, hook])),
  });
  assert.deepEqual(skipped, [["p", "listener"]]);
  assert.deepEqual(shared, build([CLEARTEXT], good));
  assert.throws(() =>
    buildShared({
      layout: { routes: "scoped", clusters: "push" },
      listeners: [CLEARTEXT],
      hookSets: [{ plugin: "p", hooks: bad }],
    })
  );
});
