import assert from "node:assert/strict";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createTestAuthority, type Issued } from "../../../core/access/testdata/test_authority.ts";
import { createPluginWorld } from "./plugin_world.ts";
import { openPodDoor, serialOf } from "./pod_door.ts";

const PLUGINS = [{ name: "tls-sni" }];
const pod = (input: unknown) => ({ "tls-sni": { pod: input } });
const shown = { cert: { file: "envoy.crt" }, key: { file: "envoy.key" } };

testWithEnvoy("a pod is asked for by its name and shown the session's certificate; its own is checked", async () => {
  await using stack = new AsyncDisposableStack();
  const [pods, clients, strangers] = [
    await createTestAuthority("pods"),
    await createTestAuthority("clients"),
    await createTestAuthority("strangers"),
  ];
  const own = await pods.issue({ dns: ["pod-1.internal"], uris: ["spiffe://example.org/pod-1"] });
  const client = await clients.issue({ dns: ["envoy"] });
  const world = stack.use(await createPluginWorld({ plugins: PLUGINS }));
  const backend = await world.world.addBackend("a");
  const door = stack.use(await openPodDoor({ pod: backend, certificate: own, guestsCa: clients.ca }));
  await world.writeSecret("ca.pem", pods.ca);
  await world.writeSecret("strangers.pem", strangers.ca);
  await world.writeSecret("envoy.crt", client.cert);
  await world.writeSecret("envoy.key", client.key);
  const ca = { file: "ca.pem" };
  const register = (id: string, input: unknown) => world.live({ id, backend: door, plugins: pod(input) });

  await register("by-name", { sni: "pod-1.internal", ca, certificate: shown });
  await register("by-uri", { ca, names: ["spiffe://example.org/pod-1"], certificate: shown });
  for (const host of ["by-name", "by-uri"]) await world.seenByPod(`${host}.example.org`);
  const serial = serialOf(client);
  assert.deepEqual(door.guests, [
    { serverName: "pod-1.internal", serial },
    { serverName: "by-uri.example.org", serial },
  ]);

  const calls = backend.calls;
  await register("another-name", { sni: "pod-2.internal", ca, certificate: shown });
  await register("part-of-a-name", {
    sni: "pod-1.internal",
    ca,
    names: ["internal", "od-1.internal"],
    certificate: shown,
  });
  await register("another-authority", { sni: "pod-1.internal", ca: { file: "strangers.pem" }, certificate: shown });
  await register("no-certificate", { sni: "pod-1.internal", ca });
  await world.live({ id: "no-tls", backend: door });
  for (const host of ["another-name", "part-of-a-name", "another-authority", "no-certificate", "no-tls"]) {
    const result = await world.say(`${host}.example.org`);
    assert.equal(result.ok ? "OK" : result.codeName, "UNAVAILABLE", host);
  }
  assert.equal(backend.calls, calls);
  assert.match(await world.refused({ id: "x", backend: door, plugins: pod({ sni: "pod-1.internal" }) }), /pod.ca/);
  const swapped = { ca, certificate: { cert: shown.key, key: shown.cert } };
  const refusal = await world.refused({ id: "x", backend: door, plugins: pod(swapped) });
  assert.match(refusal, /"plugins.tls-sni.pod.certificate.cert","message":"must be certificates in PEM"/);
  assert.match(refusal, /"plugins.tls-sni.pod.certificate.key","message":"must be a private key in PEM/);
});

testWithEnvoy("certificates for pods are renewed without a connection lost", async () => {
  await using stack = new AsyncDisposableStack();
  const [pods, clients] = [await createTestAuthority("pods"), await createTestAuthority("clients")];
  const own = await pods.issue({ dns: ["pod.internal"] });
  const [first, second] = [await clients.issue({ dns: ["envoy"] }), await clients.issue({ dns: ["envoy"] })];
  const world = stack.use(await createPluginWorld({ plugins: PLUGINS }));
  const backend = await world.world.addBackend("a");
  const door = stack.use(await openPodDoor({ pod: backend, certificate: own, guestsCa: clients.ca }));
  const write = async ({ cert, key }: Issued) => {
    await world.writeSecret("envoy.crt", cert);
    await world.writeSecret("envoy.key", key);
  };
  await world.writeSecret("ca.pem", pods.ca);
  await write(first);
  const input = { sni: "pod.internal", ca: { file: "ca.pem" }, certificate: shown };
  await world.live({ id: "s1", backend: door, plugins: pod(input) });
  const chat = world.world.client("s1.example.org").chat();
  assert.equal((await chat.send("before")).backend, "a");
  await using load = world.world.load("s1.example.org");
  await load.moreCalls(20);

  const [envoy] = world.world.envoys;
  const updates = async () => await envoy?.stat("sds.s1/tls-sni/client.update_success") ?? 0;
  const before = await updates();
  await write(second);
  await until(async () => await updates() > before, { what: "the new certificate" });
  await load.moreCalls(20);
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal((await chat.send("after")).backend, "a");
  assert.deepEqual(door.guests.map(({ serial }) => serial), [serialOf(first)]);
  assert.ok((await chat.end()).ok);

  door.closeAll();
  await until(async () => (await world.say("s1.example.org")).ok);
  assert.equal(door.guests.at(-1)?.serial, serialOf(second));
});
