import assert from "node:assert/strict";
import { createEchoClient } from "../../../core/dev/echo_client.ts";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { startLoad } from "../load.ts";
import { createTestAuthority, type Issued } from "../../../core/access/testdata/test_authority.ts";
import { handshake } from "./handshake.ts";
import { createPluginWorld } from "./plugin_world.ts";
import { serialOf } from "./pod_door.ts";

const PLUGINS = [{ name: "tls-sni", config: { certificates: { listenerNames: ["*.example.org"] } } }];
const certificate = (name: string) => ({
  "tls-sni": { certificate: { cert: { file: `${name}.crt` }, key: { file: `${name}.key` } } },
});

testWithEnvoy(
  "hosts on one port have their sessions' certificates, and are renewed without a connection lost",
  async () => {
    const authority = await createTestAuthority("hosts");
    const issue = (...dns: readonly string[]) => authority.issue({ dns });
    const [s1, s2, renewed] = [
      await issue("one.example.com", "uno.example.com"),
      await issue("two.example.com"),
      await issue("one.example.com"),
    ];
    await using world = await createPluginWorld({ plugins: PLUGINS });
    const { world: { certificate: listeners, ingress, envoys: [envoy] }, live, writeSecret } = world;
    const backend = await world.world.addBackend("a");
    const write = async (name: string, { cert, key }: Issued) => {
      await writeSecret(`${name}.crt`, cert);
      await writeSecret(`${name}.key`, key);
    };
    await write("s1", s1);
    await write("s2", s2);
    const drains = () => envoy?.stat("listener_manager.listener_modified");
    const drainsBefore = await drains();
    const serialAt = (serverName: string) => handshake(ingress(), serverName);

    assert.equal(await serialAt("two.example.com"), "failed");
    const aliases = ["uno.example.com", "s1.example.org"];
    await live({ id: "s1", host: "one.example.com", aliases, backend, plugins: certificate("s1") });
    await live({ id: "s2", host: "two.example.com", backend, plugins: certificate("s2") });
    await live({ id: "s3", backend });
    for (const host of ["one.example.com", "uno.example.com"]) assert.equal(await serialAt(host), serialOf(s1));
    // It was asked for before the session came.
    await until(async () => await serialAt("two.example.com") === serialOf(s2), { what: "the certificate of s2" });
    for (const name of ["s1.example.org", "s3.example.org", "unknown.example.org"]) {
      assert.equal(await serialAt(name), serialOf(listeners), name);
    }
    const unknown = await Promise.all(["three.example.com", "a.one.example.com", "example.com"].map(serialAt));
    assert.deepEqual(unknown, ["failed", "failed", "failed"]);

    await using stack = new AsyncDisposableStack();
    const client = (host: string) =>
      stack.use(createEchoClient({ address: ingress(), authority: host, ca: authority.ca, timeoutMs: 5000 }));
    const load = stack.use(startLoad([client("one.example.com"), client("two.example.com")]));
    const chat = client("one.example.com").chat();
    assert.equal((await chat.send("before")).backend, "a");
    await write("s1", renewed);
    await until(async () => await serialAt("one.example.com") === serialOf(renewed), { what: "the new certificate" });
    await load.moreCalls(50);
    assert.deepEqual((await load.stop()).failures, []);
    assert.equal((await chat.send("after")).backend, "a");
    assert.ok((await chat.end()).ok);
    assert.equal(await serialAt("two.example.com"), serialOf(s2));
    assert.equal(await drains(), drainsBefore, "a listener changed");

    await world.world.api.remove("s1");
    await until(async () => await serialAt("one.example.com") === "failed", { what: "the end of the certificate" });
    assert.equal(await serialAt("two.example.com"), serialOf(s2));
  },
);

testWithEnvoy("a host's certificate passes with the host from one session to another", async () => {
  const authority = await createTestAuthority("hosts");
  const [first, second] = [
    await authority.issue({ dns: ["one.example.com"] }),
    await authority.issue({ dns: ["one.example.com"] }),
  ];
  await using world = await createPluginWorld({ plugins: PLUGINS });
  const backend = await world.world.addBackend("a");
  for (const [name, { cert, key }] of Object.entries({ first, second })) {
    await world.writeSecret(`${name}.crt`, cert);
    await world.writeSecret(`${name}.key`, key);
  }
  await world.live({ id: "s1", host: "one.example.com", backend, plugins: certificate("first") });
  assert.equal(await handshake(world.world.ingress(), "one.example.com"), serialOf(first));
  await world.world.api.remove("s1");
  await world.live({ id: "s2", host: "one.example.com", backend, plugins: certificate("second") });
  const serial = () => handshake(world.world.ingress(), "one.example.com");
  await until(async () => await serial() === serialOf(second), { what: "the other certificate" });
  assert.match(await world.refused({ id: "s3", backend, plugins: certificate("first") }), /have the listener's/);
});
