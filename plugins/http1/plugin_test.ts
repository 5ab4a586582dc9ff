import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import type { BuiltSession } from "../../core/author/plugin_tests.ts";
import plugin from "./plugin.ts";

/** What is spoken to the pods of the only cluster, and what may be upgraded on the only route. */
function spoken({ clusters: [cluster], routes: [route] }: BuiltSession) {
  const options = cluster?.typedExtensionProtocolOptions?.["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
  assert.ok(options?.["@type"] === "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  assert.ok(!("value" in options));
  return {
    protocols: Object.keys(options.explicitHttpConfig ?? {}),
    idle: options.commonHttpProtocolOptions?.idleTimeout,
    upgrades: route?.route?.upgradeConfigs ?? [],
  };
}

const HTTP1 = {
  protocols: ["httpProtocolOptions"],
  idle: { seconds: 1 },
  upgrades: [{ upgradeType: "websocket" }],
};
const HTTP2 = { protocols: ["http2ProtocolOptions"], idle: undefined, upgrades: [] };

Deno.test("http1 is for sessions that say so", async () => {
  using tested = await testPlugin(plugin);
  assert.deepEqual(spoken(tested.build()), HTTP2);
  assert.deepEqual(spoken(tested.build({ input: {} })), HTTP1);
  assert.deepEqual(spoken(tested.build({ input: { enabled: false } })), HTTP2);
});

Deno.test("http1 is for all sessions when the operator says so, but for those that say no", async () => {
  using tested = await testPlugin(plugin, { config: { enabled: true } });
  assert.deepEqual(spoken(tested.build()), HTTP1);
  assert.deepEqual(spoken(tested.build({ input: { enabled: false } })), HTTP2);
});

Deno.test("http1 lets listeners take WebSockets over HTTP/2, whatever sessions say", async () => {
  using tested = await testPlugin(plugin);
  const before = tested.shared();
  tested.build({ input: {} });
  assert.deepEqual(tested.shared(), before);
  const manager = before.listeners[0]?.filterChains?.[0]?.filters?.[0]?.typedConfig;
  const type =
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager" as const;
  assert.ok(manager?.["@type"] === type && !("value" in manager));
  assert.equal(manager.http2ProtocolOptions?.allowConnect, true);
  assert.deepEqual(manager.http2ProtocolOptions?.maxConcurrentStreams, { value: 100 });
});

Deno.test("http1 refuses what sessions cannot say, with the path", async () => {
  using tested = await testPlugin(plugin, { name: "http1" });
  const failures = tested.failures({ plugins: { http1: { websocket: true } } });
  assert.deepEqual(failures.map(({ path }) => path), ["plugins.http1.websocket"]);
});
