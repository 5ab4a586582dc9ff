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
  { uid, port, endpoints, owner }: {
    readonly uid: string;
    readonly port: number;
    readonly endpoints: readonly Endpoint[];
    /** The UID of the Service that it is of. */
    readonly owner?: string;
  },
): object {
  return {
    kind: "EndpointSlice",
    apiVersion: "discovery.k8s.io/v1",
    metadata: {
      name: owner === undefined ? "web" : `web-${owner}`,
      namespace,
      uid,
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { ...LABELS, "kubernetes.io/service-name": "web" },
      ...(owner && { ownerReferences: [{ apiVersion: "v1", kind: "Service", name: "web", uid: owner }] }),
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

testWithKubernetes("sessions that are registered follow a Service, in every replica's store", async (server) => {
  await using namespace = await createNamespace(server, { pods: false, endpoints: true, store: true });
  await using world = await createWorld({ store: "memory", config: namespace.config });
  const a = await world.addBackend("a");
  const b = await createEchoBackend({ name: "b", address: "127.0.0.202", port: a.port });
  await using stack = new AsyncDisposableStack();
  stack.defer(() => b.kill());
  const { client, name, proxy } = namespace;
  const { etcd } = server;
  assert.ok(etcd);
  const services = `/api/v1/namespaces/${name}/services`;
  const sessions = `/apis/signalbox.dev/v1alpha1/namespaces/${name}/sessions`;
  const createService = async () => {
    const body = { metadata: { name: "web" }, spec: { ports: [{ name: "grpc", port: 80 }] } };
    const { metadata } = await client.request(services, { method: "POST", body }) as { metadata: { uid: string } };
    return metadata.uid;
  };
  const set = (owner: string, ...endpoints: readonly Endpoint[]) => {
    const slice = storedSlice(namespace, { uid: `slice-${owner}`, port: a.port, endpoints, owner });
    return putIntoEtcd(etcd, new Map([[`/registry/endpointslices/${name}/web-${owner}`, slice]]));
  };
  const accepted = async (session: string) => {
    const { status } = await client.request(`${sessions}/${session}`) as {
      readonly status?: { readonly conditions?: readonly { type: string; status: string; message: string }[] };
    };
    return status?.conditions?.find(({ type }) => type === "Accepted");
  };
  const untilAccepted = (session: string, status: string, message: RegExp) =>
    until(async () => {
      const condition = await accepted(session);
      return condition?.status === status && message.test(condition.message);
    }, { what: `${session} to be accepted: ${status}, ${message}` });
  const readyz = async () => (await fetch(`${world.signalbox.httpUrl}/readyz`)).text();
  const service = { name: "web", port: 80 };
  const [host, other] = ["s1.example.org", "s2.example.org"];

  const refused = await world.api.request("POST", "/xds/tasks", {
    id: "s1",
    service: { ...service, namespace: "kube" },
  });
  assert.deepEqual([refused.status, (refused.body as { issues: { path: string }[] }).issues.map(({ path }) => path)], [
    422,
    ["service.namespace"],
  ]);
  // As a pod that is not ready: it is registered, and waits.
  const first = await world.api.request("POST", "/xds/tasks?wait=live&timeout=1s", { id: "s1", service });
  const task = first.body as { backends: unknown; service: unknown; problem?: string; delivery: { state: string } };
  assert.deepEqual([first.status, task.backends, task.problem, task.delivery.state], [
    202,
    [],
    `there is no Service ${name}/web`,
    "pending",
  ]);
  assert.deepEqual(task.service, { namespace: name, ...service });
  await untilAccepted("s1", "False", /^there is no Service .*\/web$/);
  await world.untilUnknown(host);
  const live = world.api.request("PUT", "/xds/tasks/s1?wait=live", { service });
  const uid = await createService();
  await set(uid, { address: a.address });
  assert.equal((await live).status, 200);
  await world.untilAnswered(host, "a");
  await untilAccepted("s1", "True", /^it is served$/);
  const object = { apiVersion: "signalbox.dev/v1alpha1", kind: "Session", metadata: { name: "s2" }, spec: { service } };
  await client.request(sessions, { method: "POST", body: object });
  await world.untilAnswered(other, "a");

  await using load = world.load(host);
  await set(uid, { address: b.address });
  await world.untilAnswered(host, "b");
  await world.untilAnswered(other, "b");
  // What is known is served while the API server is away, and what became of it meanwhile after that.
  proxy.shut();
  await set(uid, { address: a.address });
  await until(async () => (await readyz()).includes("cannot follow endpointslices"), { what: "readyz to say so" });
  await world.untilAnswered(host, "b");
  proxy.open();
  await world.untilAnswered(host, "a");
  assert.deepEqual((await load.stop()).failures, []);

  // Made anew, it does not have the endpoints that are left of the one before.
  await client.request(`${services}/web`, { method: "DELETE" });
  await world.untilUnknown(host);
  await createService().then(async (anew) => {
    await untilAccepted("s2", "False", /^no endpoint of Service .* is ready$/);
    await world.untilUnknown(other);
    await set(anew, { address: b.address });
  });
  await world.untilAnswered(host, "b");
  await world.untilAnswered(other, "b");
}, { own: true });
