import assert from "node:assert/strict";
import { createEchoClient } from "../../core/dev/echo_client.ts";
import { startEnvoy } from "../../core/dev/envoy_process.ts";
import { until } from "../../core/dev/until.ts";
import { V2Envoy } from "../v2/v2_envoy.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld, type World } from "./harness.ts";

const ODD = { plugins: [{ name: "odd", from: new URL("testdata/odd_plugin.ts", import.meta.url).pathname }] };

/** What answers a call to this authority by the routes that an old Envoy has. */
async function answerOf(old: V2Envoy, authority: string): Promise<string> {
  const address = old.route(authority);
  if (address === undefined) return "unknown host";
  using client = createEchoClient({ address, authority });
  const result = await client.say({ text: "hello" });
  return result.ok ? result.reply.backend : result.codeName;
}

/** Polls until it is so; on the way no host ever leads nowhere. */
async function becomes(old: V2Envoy, authority: string, expected: string): Promise<void> {
  await until(async () => {
    await old.poll();
    return await answerOf(old, authority) === expected;
  }, { what: `"${expected}" at "${authority}"` });
}

async function stateOf(world: World, id: string): Promise<string> {
  const { body } = await world.api.request("GET", `/xds/tasks/${id}`);
  return (body as { readonly delivery: { readonly state: string } }).delivery.state;
}

const oldEnvoy = (world: World) => new V2Envoy(world.signalbox.httpUrl);

Deno.test("an Envoy of the v2 API that polls is told of sessions in v2's words", async () => {
  await using world = await createWorld({ envoys: 0 });
  const old = oldEnvoy(world);
  assert.deepEqual(await old.poll(), [200, 304]);
  assert.deepEqual(await old.poll(), [304, 200]);
  assert.deepEqual(await old.poll(), [304, 304]);
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  await world.api.register({ id: "s1", aliases: ["other.example.org"], backend: a });
  for (const authority of ["s1.example.org", "S1.example.org:8443", "other.example.org", "other.example.org:443"]) {
    await becomes(old, authority, "a");
  }
  assert.equal(await answerOf(old, "s2.example.org"), "unknown host");
  await world.api.register({ id: "s1", backend: b });
  await becomes(old, "s1.example.org", "b");
  await becomes(old, "other.example.org", "unknown host");
  // What it has taken, its next poll says.
  assert.equal(await stateOf(world, "s1"), "pending");
  await old.poll();
  assert.equal(await stateOf(world, "s1"), "live");

  await world.signalbox.kill();
  await world.startSignalbox();
  const back = new V2Envoy(world.signalbox.httpUrl);
  await becomes(back, "s1.example.org", "b");
  assert.deepEqual(await old.poll(), [304, 304], "it has everything");

  await world.api.remove("s1");
  await becomes(old, "s1.example.org", "unknown host");
  await until(async () => {
    await old.poll();
    return old.clusters.length === 0;
  }, { what: "the cluster's end", timeoutMs: 20_000 });
});

Deno.test("a session that v2 has no words for is left out there, aloud, until it has", async () => {
  await using world = await createWorld({ envoys: 0, config: ODD });
  const old = oldEnvoy(world);
  const { address, port } = await world.addBackend("a");
  const register = (id: string, labels: Readonly<Record<string, string>> = {}) =>
    world.api.request("PUT", `/xds/tasks/${id}`, { address, port, labels });
  await register("plain");
  await register("secured", { odd: "tls" });
  await becomes(old, "plain.example.org", "a");
  assert.deepEqual(old.clusters.map(({ name }) => name), ["plain"]);
  assert.equal(await answerOf(old, "secured.example.org"), "unknown host");
  const message = "clusters[0].transportSocket cannot be said in the v2 API";
  const secured = await world.api.request("GET", "/xds/tasks/secured");
  assert.deepEqual(Object(secured.body).delivery, {
    state: "rejected",
    envoys: [{
      node: "old-envoy",
      group: "default",
      state: "rejected",
      rejection: { resource: "secured", type: "session", message },
    }],
  });
  assert.equal(await world.api.metric("signalbox_omitted_sessions_total"), 1);

  // Its caller learns of it at once.
  const waited = await world.api.request("PUT", "/xds/tasks/late?wait=live&timeout=20s", {
    ...{ address, port },
    labels: { odd: "tls" },
  });
  assert.equal(waited.status, 422);
  assert.equal(Object(waited.body).code, "rejected_by_envoy");
  assert.match(Object(waited.body).issues[0].message, /^Envoy "old-envoy" rejects session "late": clusters\[0\]/);
  assert.equal(await world.api.metric("signalbox_omitted_sessions_total"), 2);

  // What was served goes when it cannot be served as it is meant any more, and comes back.
  await register("plain", { odd: "tls" });
  await becomes(old, "plain.example.org", "unknown host");
  await register("plain");
  await becomes(old, "plain.example.org", "a");
  await old.poll();
  assert.equal(await stateOf(world, "plain"), "live");
  const logged = world.signalbox.records.filter(({ message }) => message.includes("is left out"));
  assert.deepEqual(logged.map(({ fields }) => fields["session"]), ["secured", "late", "plain"]);
});

testWithEnvoy("what is said in v2 routes calls, in an Envoy that still knows the words", async () => {
  await using world = await createWorld({ envoys: 0 });
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  const old = oldEnvoy(world);
  await becomes(old, "s1.example.org", "a");
  // The messages of v3 came from these by another package: their fields are the same, some of them deprecated now.
  const bootstrap = {
    static_resources: {
      clusters: old.clusters,
      listeners: [{
        name: "ingress",
        address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
        filter_chains: [{
          filters: [{
            name: "http",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              stat_prefix: "ingress",
              route_config: old.routes,
              http_filters: [{
                name: "router",
                typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
              }],
            },
          }],
        }],
      }],
    },
  };
  const envoy = await startEnvoy({ path: envoyPath, bootstrap: JSON.stringify(bootstrap), folder: world.folder });
  try {
    const address = `127.0.0.1:${await envoy.listenerPort("ingress")}`;
    for (const authority of ["s1.example.org", "s1.example.org:8443", "S1.Example.ORG"]) {
      using client = createEchoClient({ address, authority });
      const result = await client.say({ text: "hello" });
      assert.ok(result.ok, `${authority}: ${JSON.stringify(result)}`);
      assert.equal(result.reply.backend, "a");
    }
    using client = createEchoClient({ address, authority: "s2.example.org" });
    assert.ok(!(await client.say({ text: "hello" })).ok);
  } finally {
    await envoy.stop();
  }
});
