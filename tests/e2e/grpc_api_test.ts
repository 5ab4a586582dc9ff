import assert from "node:assert/strict";
import { stringify } from "yaml";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { GrpcClient } from "../../core/grpc/testdata/grpc_client.ts";
import { DEREGISTER, REGISTER, WATCH } from "../../core/source/grpc/testdata/grpc_methods.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld } from "./harness.ts";
import { startReflectingClient, testWithPythonGrpc } from "./reflecting_client.ts";

const SERVICE = "signalbox.v1.SessionService";

function grpcPort({ grpcPort }: { readonly grpcPort?: number }): number {
  assert(grpcPort !== undefined, "the gRPC API does not listen");
  return grpcPort;
}

testWithPythonGrpc(
  "a stock client that knows nothing but reflection registers, watches, lists and removes",
  async () => {
    await using world = await createWorld({ envoys: 0, store: "memory", config: { plugins: [{ name: "timeouts" }] } });
    await using client = startReflectingClient(`127.0.0.1:${grpcPort(world.signalbox)}`);
    assert.deepEqual(await client.services(), {
      ok: [
        "envoy.service.status.v3.ClientStatusDiscoveryService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        SERVICE,
      ],
    });
    assert.deepEqual(await client.call("grpc.health.v1.Health/Check", { service: SERVICE }), {
      ok: { status: "SERVING" },
    });

    const session = {
      id: "s1",
      host: "s1.example.org",
      backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
      labels: { team: "x" },
      plugins: { timeouts: { request: "30s", connect: "250ms" } },
      cluster: "s1",
    };
    const { backends: [backend], labels, plugins } = session;
    const request = { id: "s1", address: backend?.address, port: backend?.port, labels, plugins };
    assert.deepEqual(await client.call(`${SERVICE}/Register`, request), {
      ok: { outcome: "OUTCOME_CREATED", session: { ...session, generation: "1" } },
    });
    assert.deepEqual((await world.api.request("GET", "/xds/tasks")).body, {
      tasks: [{ ...session, aliases: [], generation: 1 }],
    });

    const first = await client.call(`${SERVICE}/Watch`, { labels: { team: "x" } });
    const { position: { epoch } } = (first as { ok: { position: { epoch: string } } }).ok;
    assert.deepEqual(first, {
      ok: { reset: true, changed: [{ ...session, generation: "1" }], position: { epoch, generation: "1" } },
    });
    await world.api.remove("s1");
    assert.deepEqual(await client.next(), { ok: { removed: ["s1"], position: { epoch, generation: "2" } } });

    assert.deepEqual(await client.call(`${SERVICE}/List`, { limit: 5 }), { ok: {} });
    assert.deepEqual(await client.call(`${SERVICE}/Deregister`, { id: "s1" }), {
      failed: {
        code: "NOT_FOUND",
        message: 'Cannot remove session "s1": there is none',
        details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "NOT_FOUND", domain: "signalbox" }],
      },
    });
  },
);

testWithPythonGrpc("a stock client reads what is wrong with each field from the details of the status", async () => {
  await using world = await createWorld({ envoys: 0, store: "memory" });
  await using client = startReflectingClient(`127.0.0.1:${grpcPort(world.signalbox)}`);
  const request = { id: "S1", backends: [{ address: "10.0.0.1", port: 70_000 }], ttl: "0.5s" };
  assert.deepEqual(await client.call(`${SERVICE}/Register`, request), {
    failed: {
      code: "INVALID_ARGUMENT",
      message: "Cannot register the session: it is not acceptable",
      details: [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "INVALID_REQUEST", domain: "signalbox" },
        {
          "@type": "type.googleapis.com/google.rpc.BadRequest",
          fieldViolations: [
            { field: "id", description: 'must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "S1"' },
            { field: "backends[0].port", description: "must be a whole number from 1 to 65535, got 70000" },
            { field: "ttl", description: 'must be from 1s to 30d, got "500ms"' },
          ],
        },
      ],
    },
  });
});

testWithEnvoy(
  "a session that is registered and waited for over gRPC answers the first call through Envoy",
  async () => {
    await using world = await createWorld();
    using client = new GrpcClient(grpcPort(world.signalbox));
    const wait = { timeout: { seconds: 20 } };
    for (const name of ["a", "b"]) {
      const { address, port } = await world.addBackend(name);
      const { delivery } = await client.call(REGISTER, { id: "s1", address, port, wait });
      const [envoy] = delivery?.envoys ?? [];
      assert.deepEqual([delivery?.state, envoy?.node, envoy?.state], ["STATE_LIVE", "envoy-1", "STATE_LIVE"]);
      const result = await world.call("s1.example.org");
      assert(result.ok && result.reply.backend === name, JSON.stringify(result));
    }
    const { delivery } = await client.call(DEREGISTER, { id: "s1", wait });
    assert.equal(delivery?.state, "STATE_LIVE");
    assert(!(await world.call("s1.example.org")).ok);
  },
);

Deno.test("a watch begins anew after Signalbox was killed, with all that is registered", async () => {
  await using world = await createWorld({ envoys: 0 });
  using client = new GrpcClient(grpcPort(world.signalbox));
  await client.call(REGISTER, { id: "s1", address: "10.0.0.1", port: 1 });
  const watch = client.open(WATCH, {});
  const { position } = await watch.next();
  assert(position !== undefined);
  await world.signalbox.kill();
  await assert.rejects(watch.next(), { code: "UNAVAILABLE" });
  await world.startSignalbox();
  using again = new GrpcClient(grpcPort(world.signalbox));
  const resumed = again.open(WATCH, { after: position });
  const { reset, changed = [], position: now } = await resumed.next();
  assert.deepEqual([reset, changed.map(({ id }) => id), now?.generation], [true, ["s1"], position.generation]);
  assert.notEqual(now?.epoch, position.epoch);
  resumed.cancel();
});

Deno.test("Envoys' port takes no registrations, and the gRPC API can be switched off", async () => {
  await using world = await createWorld({ envoys: 0, store: "memory" });
  using atXds = new GrpcClient(world.signalbox.xdsPort);
  await assert.rejects(atXds.call(REGISTER, { id: "s1", address: "10.0.0.1", port: 1 }), { code: "UNIMPLEMENTED" });
  await world.signalbox.stop();

  const config = {
    domain: "a",
    http: { port: 0 },
    xds: { port: 0 },
    store: { kind: "memory" },
    log: { format: "json" },
  };
  await Deno.writeTextFile(world.configPath, stringify({ ...config, grpc: { enabled: false } }));
  await using without = await startSignalbox({ configPath: world.configPath });
  assert.equal(without.grpcPort, undefined);
  assert(without.records.every(({ message }) => !message.includes("gRPC")));
  await without.stop();

  await Deno.writeTextFile(world.configPath, stringify({ ...config, grpc: { port: 0 } }));
  await using withAny = await startSignalbox({ configPath: world.configPath });
  assert(grpcPort(withAny) > 0);
});

const FETCH_CLIENT_STATUS = [
  "/envoy.service.status.v3.ClientStatusDiscoveryService/FetchClientStatus",
  "envoy.service.status.v3.ClientStatusRequest",
  "envoy.service.status.v3.ClientStatusResponse",
] as const;

testWithEnvoy("client status tells what each Envoy has acknowledged, and shows no private key", async () => {
  await using world = await createWorld({ envoys: 2 });
  const { address, port } = await world.addBackend("a");
  await world.api.request("POST", "/xds/tasks?wait=live&timeout=20s", { id: "s1", address, port });
  using client = new GrpcClient(grpcPort(world.signalbox));
  const { config } = await client.call(FETCH_CLIENT_STATUS, { nodeMatchers: [{ nodeId: { exact: "envoy-2" } }] });
  assert.deepEqual(config?.map(({ node }) => node?.id), ["envoy-2"]);
  const resources = config?.[0]?.genericXdsConfigs ?? [];
  const shown = resources.map(({ typeUrl, name, configStatus, xdsConfig }) =>
    `${typeUrl?.split(".").at(-1)} ${name} ${configStatus}${xdsConfig ? "" : ", not shown"}`
  );
  assert.deepEqual(shown.toSorted(), [
    "Cluster s1 SYNCED",
    "Listener ingress SYNCED",
    "ScopedRouteConfiguration s1.example.org SYNCED",
    "Secret listener:ingress SYNCED, not shown",
  ]);
});
