import assert from "node:assert/strict";
import { stringify } from "yaml";
import type { EchoBackend } from "../../core/dev/echo_backend.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { signalboxProgram } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { putIntoEtcd } from "./etcd.ts";
import { difference, received } from "./envoy_counts.ts";
import { createWorld, type World } from "./harness.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createNamespace, type TestNamespace } from "./kubernetes_namespace.ts";

async function readyz(world: World): Promise<string> {
  const { status, body } = await world.api.request("GET", "/readyz");
  return `${status} ${typeof body === "string" ? body : JSON.stringify(body)}`;
}

/** Pods of `backend`, each its own session: `s0`, `s1`, … One IP is several pods' only where that is the node's. */
async function addSessions(namespace: TestNamespace, backend: EchoBackend, ids: readonly string[]): Promise<void> {
  const { address: ip, port } = backend;
  await Promise.all(ids.map((id) => namespace.addPod(id, { says: { session: id }, port, ip, hostNetwork: true })));
}

const ids = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `s${from + index}`);

testWithKubernetes("a watch that is cut off twenty times loses nothing and flaps in nothing", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const backend = await world.addBackend("a");
  await addSessions(namespace, backend, ids(0, 10));
  for (const id of ids(0, 10)) await world.untilAnswered(`${id}.example.org`, "a");
  const before = await received(envoy);
  await using load = world.load("s0.example.org");
  for (const id of ids(10, 30)) {
    const { connections } = namespace.proxy;
    namespace.proxy.cut();
    // Made while nobody watches.
    await addSessions(namespace, backend, [id]);
    await world.untilAnswered(`${id}.example.org`, "a");
    assert.ok(namespace.proxy.connections > connections);
  }
  assert.deepEqual((await load.stop()).failures, []);
  const updates = difference(before, await received(envoy));
  assert.equal(updates["cluster_manager.cluster_added"], 20, JSON.stringify(updates));
  assert.equal(updates["cluster_manager.cluster_removed"], undefined, JSON.stringify(updates));
  assert.equal(updates["cluster_manager.cluster_modified"], undefined, JSON.stringify(updates));
  // The watches that have nothing to tell take their time.
  await until(async () => await readyz(world) === "200 ok\n", { timeoutMs: 60_000, what: "readyz to be well" });
});

testWithKubernetes("an API server that ends and comes back is nothing that Envoy learns of", async (server) => {
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const backend = await world.addBackend("a");
  await addSessions(namespace, backend, ["stays", "goes"]);
  for (const id of ["stays", "goes"]) await world.untilAnswered(`${id}.example.org`, "a");
  await using load = world.load("stays.example.org");

  // What happens before it ends is forgotten by the watches of the one that comes back: there, 410.
  namespace.proxy.shut();
  await namespace.deletePod("goes");
  await server.kill?.();
  await until(async () => /^200 ok\ncannot follow pods in namespace .* for \d+ s: /.test(await readyz(world)), {
    what: "readyz to say so",
  });
  await load.moreCalls(50);
  await server.restart?.();
  await addSessions(namespace, backend, ["comes"]);
  const before = await received(envoy);
  namespace.proxy.open();
  await world.untilAnswered("comes.example.org", "a");
  await world.untilUnknown("goes.example.org");
  await until(async () => await readyz(world) === "200 ok\n", { what: "readyz to be well" });
  assert.deepEqual((await load.stop()).failures, []);
  const messages = world.signalbox.records.map(({ message }) => message);
  assert.ok(messages.some((message) => message.startsWith("Listing")), "the list was made anew");
  const updates = difference(before, await received(envoy));
  assert.equal(updates["cluster_manager.cluster_added"], 1, JSON.stringify(updates));
  assert.equal(updates["cluster_manager.cluster_modified"], undefined, JSON.stringify(updates));
}, { own: true });

testWithKubernetes("a start that waits for the cluster ends when it is told to", async (server) => {
  await using namespace = await createNamespace(server);
  namespace.proxy.shut();
  const http = { address: "127.0.0.1", port: freePort() };
  const configPath = await Deno.makeTempFile({ suffix: ".yaml" });
  const others = { xds: { port: 0 }, grpc: { enabled: false }, store: { kind: "memory" } };
  const config = { domain: "example.org", http, ...others, ...namespace.config };
  await Deno.writeTextFile(configPath, stringify(config));
  const [file = "", ...args] = [...signalboxProgram(), "serve", "--config", configPath];
  const child = new Deno.Command(file, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  try {
    const ready = () => fetch(`http://127.0.0.1:${http.port}/readyz`).then((answer) => answer.text());
    await until(async () => (await ready()).includes("cannot follow pods"), { timeoutMs: 30_000, what: "the start" });
  } finally {
    child.kill("SIGTERM");
    assert.equal((await child.status).code, 0);
    await Deno.remove(configPath);
  }
}, { envoy: false });

/** A pod that is ready, as the API server keeps it. */
function storedPod(namespace: string, id: string, { address, port }: EchoBackend): object {
  return {
    kind: "Pod",
    apiVersion: "v1",
    metadata: {
      name: id,
      namespace,
      uid: crypto.randomUUID(),
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "signalbox.dev/session": id },
      annotations: { "signalbox.dev/port": String(port) },
    },
    spec: { hostNetwork: true, containers: [{ name: "backend", image: "backend" }] },
    status: { phase: "Running", podIP: address, conditions: [{ type: "Ready", status: "True" }] },
  };
}

testWithKubernetes(
  "a restart serves nothing before all of 5,000 pods are listed, and flaps in nothing",
  async (server) => {
    await using namespace = await createNamespace(server);
    await using world = await createWorld({ store: "memory", config: namespace.config });
    const [envoy] = world.envoys;
    assert.ok(envoy && server.etcd);
    const backend = await world.addBackend("a");
    const pods = ids(0, 5_000).map((id) =>
      [`/registry/pods/${namespace.name}/${id}`, storedPod(namespace.name, id, backend)] as const
    );
    await putIntoEtcd(server.etcd, new Map(pods));
    const sessions = () => world.api.metric("signalbox_sessions");
    await until(async () => await sessions() === 5_000, { timeoutMs: 60_000, what: "5,000 sessions" });
    for (const id of ["s0", "s2500", "s4999"]) {
      await world.untilAnswered(`${id}.example.org`, "a", {
        timeoutMs: 60_000,
      });
    }
    await using load = world.load("s2500.example.org");
    const before = await received(envoy);

    await world.signalbox.kill();
    namespace.proxy.shut();
    const started = world.startSignalbox();
    await until(async () => /^503 .*Signalbox is starting; cannot follow pods/.test(await readyz(world)), {
      timeoutMs: 30_000,
      what: "readyz to say what the start waits for",
    });
    assert.equal((await world.api.request("GET", "/xds/tasks")).status, 503);
    await load.moreCalls(50);
    namespace.proxy.open();
    await started;
    assert.equal(await sessions(), 5_000);
    await until(async () => await envoy.stat("control_plane.connected_state") === 1, { what: "Envoy's connection" });
    await addSessions(namespace, backend, ["after"]);
    await world.untilAnswered("after.example.org", "a");
    const updates = difference(before, await received(envoy));
    assert.equal(updates["cluster_manager.cluster_added"], 1, JSON.stringify(updates));
    const successes = Object.entries(updates).filter(([name]) => name.endsWith("update_success"));
    assert.ok(successes.every(([, by]) => by === 1), JSON.stringify(updates));
    assert.deepEqual((await load.stop()).failures, []);
  },
  { own: true },
);
