import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { difference, received } from "../envoy_counts.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { requestH2c } from "./h2c_request.ts";
import { registerLive } from "./register_live.ts";
import { PAGE, startScriptedPod } from "./scripted_pod.ts";

testWithEnvoy("compression: pages are compressed, but for sessions that say no; gRPC stays as it is", async () => {
  const config = { plugins: [{ name: "compression" }] };
  await using world = await createWorld({ store: "memory", tls: false, config });
  await using pod = await startScriptedPod("a");
  const { address, port } = pod;
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const before = await received(envoy);
  await registerLive(world, { id: "s1", address, port });
  await registerLive(world, { id: "plain", address, port, plugins: { compression: { enabled: false } } });
  const page = async (id: string, headers: Readonly<Record<string, string>> = { "accept-encoding": "gzip" }) => {
    const request = { authority: `${id}.example.org`, path: "/page", headers };
    const { headers: { "content-encoding": encoding }, body } = await requestH2c(world.ingress(), request);
    return { encoding, body };
  };

  const { encoding, body } = await page("s1");
  assert.equal(encoding, "gzip");
  assert.ok(body.length < PAGE.length / 10, `${body.length} bytes`);
  assert.equal(gunzipSync(new Uint8Array(Buffer.from(body, "latin1"))).toString(), PAGE);
  assert.deepEqual(await page("s1", {}), { encoding: undefined, body: PAGE });
  assert.deepEqual(await page("plain"), { encoding: undefined, body: PAGE });

  for (const id of ["s1", "plain"]) {
    using client = world.client(`${id}.example.org`);
    const said = await client.say({ text: "hello" }, { "accept-encoding": "gzip" });
    assert.ok(said.ok, JSON.stringify(said));
    assert.equal(said.reply.backend, "a");
  }
  // No session is in a listener.
  assert.equal(difference(before, await received(envoy))["listener_manager.lds.update_success"], undefined);
});
