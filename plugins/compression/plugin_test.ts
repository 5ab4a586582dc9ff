import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

const OFF = {
  gzip: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.compressor.v3.CompressorPerRoute",
    disabled: true,
  },
};

Deno.test("compression is for all sessions, but for those that say no", async () => {
  using tested = await testPlugin(plugin, { name: "gzip" });
  assert.equal(tested.build().virtualHosts[0]?.typedPerFilterConfig, undefined);
  assert.equal(tested.build({ input: { enabled: true } }).virtualHosts[0]?.typedPerFilterConfig, undefined);
  assert.deepEqual(tested.build({ input: { enabled: false } }).virtualHosts[0]?.typedPerFilterConfig, OFF);
});

Deno.test("compression is for sessions that say so when the operator wants no other", async () => {
  using tested = await testPlugin(plugin, { name: "gzip", config: { enabled: false } });
  assert.deepEqual(tested.build().virtualHosts[0]?.typedPerFilterConfig, OFF);
  assert.equal(tested.build({ input: { enabled: true } }).virtualHosts[0]?.typedPerFilterConfig, undefined);
});

Deno.test("compression has one filter a listener, whatever sessions say", async () => {
  using tested = await testPlugin(plugin, {
    name: "gzip",
    config: { minBytes: 1024, contentTypes: ["application/json"] },
  });
  const before = tested.shared();
  tested.build({ input: { enabled: false } });
  assert.deepEqual(tested.shared(), before);
  const text = JSON.stringify(before.listeners);
  assert.equal(text.split('"name":"gzip"').length - 1, 2, "the filter and its library");
  assert.match(text, /"minContentLength":\{"value":1024\}/);
  assert.match(text, /"contentTypeMatcher":\[\{"exact":"application\/json"\}\]/);
});

Deno.test("compression refuses gRPC's content types", async () => {
  await assert.rejects(testPlugin(plugin, { config: { contentTypes: ["application/grpc+proto"] } }));
  await assert.rejects(testPlugin(plugin, { config: { contentTypes: ["text/html; charset=utf-8"] } }));
});
