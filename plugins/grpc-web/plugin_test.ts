import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

Deno.test("grpc-web adds its filter to the listener, and nothing to a session", async () => {
  using tested = await testPlugin(plugin);
  const [listener] = tested.shared().listeners;
  assert.match(
    JSON.stringify(listener),
    /"name":"tested","typedConfig":\{"@type":"[^"]*\.GrpcWeb"\}\},\{"name":"router"/,
  );
  assert.equal(tested.build().virtualHosts[0]?.typedPerFilterConfig, undefined);
});
