import assert from "node:assert/strict";
import type { Message } from "./message_types.ts";
import { changeMessage, transformMessage } from "./transform.ts";

const LISTENER = "envoy.config.listener.v3.Listener";
const CONFIG_SOURCE = "envoy.config.core.v3.ConfigSource";

Deno.test("transformMessage() shows every message with its path, in lists and in Any", () => {
  const listener: Message<typeof LISTENER> = {
    name: "l",
    metadata: {
      filterMetadata: { own: { ads: {} } },
      typedFilterMetadata: { any: { "@type": "x/a.B", value: new Uint8Array() } },
    },
    address: { socketAddress: { address: "127.0.0.1", portValue: 1 } },
    filterChains: [{
      filters: [{
        name: "http",
        typedConfig: {
          "@type":
            "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
          rds: { configSource: { ads: {} } },
        },
      }],
    }],
  };
  const seen: string[] = [];
  const copy = transformMessage(LISTENER, listener, (fullName, message, path) => {
    seen.push(`${path} ${fullName.slice(fullName.lastIndexOf(".") + 1)}`);
    return message;
  });
  assert.deepEqual(copy, listener);
  assert.notEqual(copy, listener);
  const http = "filterChains[0].filters[0].typedConfig";
  assert.deepEqual(seen, [
    " Listener",
    "metadata Metadata",
    "address Address",
    "address.socketAddress SocketAddress",
    "filterChains[0] FilterChain",
    "filterChains[0].filters[0] Filter",
    `${http} HttpConnectionManager`,
    `${http}.rds Rds`,
    `${http}.rds.configSource ConfigSource`,
    `${http}.rds.configSource.ads AggregatedConfigSource`,
  ]);
});

Deno.test("transformMessage() looks into maps", () => {
  const options = { "@type": "type.googleapis.com/envoy.config.core.v3.ConfigSource" as const, self: {} };
  const seen: string[] = [];
  transformMessage(
    "envoy.config.cluster.v3.Cluster",
    { typedExtensionProtocolOptions: { a: options } },
    (_, message, path) => {
      seen.push(path);
      return message;
    },
  );
  assert.deepEqual(seen, ["", 'typedExtensionProtocolOptions["a"]', 'typedExtensionProtocolOptions["a"].self']);
});

Deno.test("transformMessage() goes on with what a change gives", () => {
  const changed = transformMessage("envoy.config.core.v3.ConfigSource", { ads: {} }, (fullName, message) => {
    if (fullName === CONFIG_SOURCE) return { apiConfigSource: { clusterNames: ["a"] } };
    return fullName.endsWith("ApiConfigSource") ? { ...message, apiType: "REST" } : message;
  });
  assert.deepEqual(changed, { apiConfigSource: { clusterNames: ["a"], apiType: "REST" } });
});

Deno.test("changeMessage() changes messages of the types that it knows", () => {
  const changes = { [CONFIG_SOURCE]: () => ({ self: {} }) };
  assert.deepEqual(changeMessage(changes, CONFIG_SOURCE, { ads: {} }), { self: {} });
  assert.deepEqual(changeMessage(changes, LISTENER, { name: "l" }), { name: "l" });
});
