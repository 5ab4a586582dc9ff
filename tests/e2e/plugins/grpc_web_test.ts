import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { callByWeb } from "./grpc_web.ts";
import { createPluginWorld } from "./plugin_world.ts";

testWithEnvoy("a page calls a gRPC pod by gRPC-web, in binary and in text, and gRPC clients go on", async () => {
  await using world = await createPluginWorld({ tls: false, plugins: [{ name: "grpc-web" }] });
  const backend = await world.world.addBackend("a");
  await world.live({ id: "s1", backend });
  const call = (options: Parameters<typeof callByWeb>[2], host = "s1.example.org") =>
    callByWeb(world.world.ingress(), host, options);
  for (const text of [false, true]) {
    const said = await call({ method: "Say", request: { text: "hello" }, text });
    assert.equal(said.grpcStatus, "0");
    assert.equal((said.messages[0] as { readonly backend: string }).backend, "a");
    assert.match(
      said.headers["content-type"] ?? "",
      text ? /^application\/grpc-web-text/ : /^application\/grpc-web\+proto/,
    );
    const counted = await call({ method: "Count", request: { count: 3 }, text });
    assert.equal(counted.grpcStatus, "0");
    assert.deepEqual(counted.messages.map((message) => (message as { readonly number: number }).number), [1, 2, 3]);
    const failed = await call({ method: "Say", request: { text: "", fail: { code: 9, message: "no" } }, text });
    assert.deepEqual([failed.grpcStatus, failed.messages], ["9", []]);
  }
  await world.seenByPod("s1.example.org");
  // Without the plugin a page never learns how its call ended.
  await using without = await createPluginWorld({ tls: false, plugins: [] });
  await without.live({ id: "s1", backend: await without.world.addBackend("b") });
  const options = { method: "Say", request: { text: "hello" } } as const;
  assert.equal((await callByWeb(without.world.ingress(), "s1.example.org", options)).grpcStatus, undefined);
});

testWithEnvoy("a session that needs a key needs it by gRPC-web too, and says so in gRPC-web", async () => {
  const plugins = [{ name: "auth-headers" }, { name: "grpc-web" }];
  await using world = await createPluginWorld({ tls: false, plugins });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", "the-key");
  await world.live({ id: "s1", backend, plugins: { "auth-headers": { key: { values: [{ file: "key" }] } } } });
  const call = (headers: Readonly<Record<string, string>>, text: boolean, host = "s1.example.org") =>
    callByWeb(world.world.ingress(), host, { method: "Say", request: { text: "hello" }, headers, text });
  for (const text of [false, true]) {
    for (const headers of [{}, { authorization: "Bearer wrong" }] as const) {
      for (const host of ["s1.example.org", "S1.example.org"]) {
        const refused = await call(headers, text, host);
        assert.deepEqual([refused.grpcStatus, refused.messages], ["16", []]);
        assert.match(refused.headers["content-type"] ?? "", /^application\/grpc-web/);
      }
    }
  }
  assert.equal(backend.calls, 0);
  const said = await call({ authorization: "Bearer the-key" }, false);
  assert.equal(said.grpcStatus, "0");
});
