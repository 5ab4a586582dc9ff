import assert from "node:assert/strict";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import { until } from "../../core/dev/until.ts";
import { putIntoEtcd } from "./etcd.ts";
import { createWorld } from "./harness.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createNamespace, type TestNamespace } from "./kubernetes_namespace.ts";

const LABELS = { "signalbox.dev/session": "shared" };

interface Endpoint {
  readonly address: string;
  readonly ready?: boolean;
  readonly terminating?: boolean;
}

/** A Service's endpoints as the API server keeps them. By its API it takes none of this machine's own. */
function storedSlice(
  { name: namespace }: TestNamespace,
  { uid, port, endpoints }: { readonly uid: string; readonly port: number; readonly endpoints: readonly Endpoint[] },
): object {
  return {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: {
      name: "web",
      namespace,
      uid,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { ...LABELS, "kubernetes.io/service-name": "web" },
    },
    addressType: "IPv4",
    ports: [{ name: "grpc", port, protocol: "TCP" }],
    endpoints: endpoints.map(({ address, ready = true, terminating = false }) => ({
      addresses: [address],
      conditions: { ready, serving: ready || terminating, terminating },
    })),
  };
}

testWithKubernetes("a Service's session leads to its ready endpoints, for as long as there are any", async (server) => {
  await using namespace = await createNamespace(server, { services: {} });
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const a = await world.addBackend("a");
  const b = await createEchoBackend({ name: "b", address: "127.0.0.201", port: a.port });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => b.kill());
  const { client, name } = namespace;
  await client.request(`/api/v1/namespaces/${name}/services`, {
    method: "POST",
    body: { metadata: { name: "web", labels: LABELS }, spec: { ports: [{ name: "grpc", port: 80 }] } },
  });
  const { etcd } = server;
  assert.ok(etcd);
  const uid = crypto.randomUUID();
  const set = (...endpoints: readonly Endpoint[]) =>
    putIntoEtcd(
      etcd,
      new Map([[`/registry/endpointslices/${name}/web`, storedSlice(namespace, { uid, port: a.port, endpoints })]]),
    );
  const host = "shared.example.org";
  /** Who answers, in many calls one after the other. */
  const answering = async () => {
    const names = new Set<string>();
    for (let call = 0; call < 20; call++) {
      const result = await world.call(host);
      assert.ok(result.ok, JSON.stringify(result));
      names.add(result.reply.backend);
    }
    return [...names].sort().join();
  };
  const untilAnswering = (names: string) =>
    until(async () => await answering() === names, { what: `answers of ${names}` });

  await set({ address: a.address, ready: false });
  await world.untilUnknown(host);
  await set({ address: a.address });
  await world.untilAnswered(host, "a");
  await using load = world.load(host);
  await set({ address: a.address }, { address: b.address });
  await untilAnswering("a,b");
  await set({ address: a.address, ready: false, terminating: true }, { address: b.address });
  await untilAnswering("b");
  const listed = (await world.api.request("GET", "/xds/tasks/shared")).body as { readonly owner?: string };
  assert.equal(listed.owner, `service ${name}/web`);
  assert.deepEqual((await load.stop()).failures, []);

  // What is wrong is said where the Service is.
  const path = `/api/v1/namespaces/${name}/services/web`;
  const annotate = (port: string | null) =>
    client.request(path, {
      method: "PATCH",
      contentType: "application/merge-patch+json",
      body: { metadata: { annotations: { "signalbox.dev/port": port } } },
    });
  await annotate("none");
  const [event] = await until(async () => {
    const events = await namespace.events("web");
    return events.length > 0 && events;
  }, { what: "the event" });
  assert.match(event?.message ?? "", /^signalbox.dev\/port must be the number or the name of a port/);
  await world.untilUnknown(host);
  await annotate(null);
  await world.untilAnswered(host, "b");
  await client.request(path, { method: "DELETE" });
  await world.untilUnknown(host);
}, { own: true });
