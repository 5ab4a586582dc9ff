import assert from "node:assert/strict";
import { parsePod } from "./kubernetes_pod.ts";
import { readPodSession } from "./kubernetes_pod_session.ts";

type Conditions = Readonly<Record<string, string | readonly [status: string, reason: string]>>;

/** A `v1` Pod as the API server tells of it. */
function apiPod(
  { metadata = {}, spec = {}, status = {}, conditions = {} }: {
    readonly metadata?: object;
    readonly spec?: object;
    readonly status?: object;
    readonly conditions?: Conditions;
  } = {},
): object {
  return {
    metadata: {
      uid: "u1",
      namespace: "default",
      name: "pod-1",
      creationTimestamp: "2026-01-01T00:00:00Z",
      resourceVersion: "1",
      ...metadata,
    },
    spec: { containers: [{ name: "c", image: "i" }], ...spec },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      startTime: "2026-01-01T00:00:05Z",
      conditions: Object.entries(conditions).map(([type, value]) =>
        typeof value === "string" ? { type, status: value } : { type, status: value[0], reason: value[1] }
      ),
      ...status,
    },
  };
}

Deno.test("parsePod() takes from a pod what matters, and leaves the rest", () => {
  const pod = parsePod(apiPod({
    metadata: { labels: { app: "a" }, annotations: { "signalbox.dev/port": "http" }, managedFields: [{}] },
    spec: {
      containers: [
        { ports: [{ name: "http", containerPort: 80 }, { containerPort: 53, protocol: "UDP" }] },
        { ports: [{ containerPort: 9000, protocol: "TCP" }] },
      ],
    },
    conditions: { Ready: "True" },
  }));
  assert.deepEqual(pod, {
    uid: "u1",
    resourceVersion: "1",
    namespace: "default",
    name: "pod-1",
    createdAtMs: Date.UTC(2026, 0, 1),
    startedAtMs: Date.UTC(2026, 0, 1, 0, 0, 5),
    ip: "10.0.0.1",
    hostNetwork: false,
    terminating: false,
    ended: false,
    ready: true,
    gated: false,
    labels: { app: "a" },
    annotations: { "signalbox.dev/port": "http" },
    ports: [{ name: "http", port: 80 }, { port: 9000 }],
  });
  assert.equal(parsePod({ kind: "Node" }), undefined);
});

Deno.test("parsePod() has a pod without status, or without an IP, begin when it was made", () => {
  const pod = parsePod(apiPod({ status: { podIP: "", startTime: null, phase: "Pending" } }));
  assert.equal(pod?.startedAtMs, pod?.createdAtMs);
  assert.equal(pod?.ip, undefined);
  assert.equal(pod?.ready, false);
});

Deno.test("parsePod() calls a pod ready when Kubernetes does, and when nothing but our gate keeps it", () => {
  const gate = "signalbox.dev/routable";
  const gates = (...types: string[]) => ({ readinessGates: types.map((conditionType) => ({ conditionType })) });
  const closed = ["False", "ReadinessGatesNotReady"] as const;
  const cases: readonly [ready: boolean, object][] = [
    [true, apiPod({ conditions: { Ready: "True" } })],
    [false, apiPod({ conditions: { Ready: "False", ContainersReady: "True" } })],
    [false, apiPod({ conditions: { ContainersReady: "True" } })],
    [false, apiPod({ conditions: { Ready: "True" }, status: { phase: "Succeeded" } })],
    [true, apiPod({ spec: gates(gate), conditions: { ContainersReady: "True", Ready: closed } })],
    [true, apiPod({ spec: gates(gate), conditions: { Ready: "True", [gate]: "True" } })],
    // Another gate is closed too.
    [false, apiPod({ spec: gates(gate, "other/gate"), conditions: { ContainersReady: "True", Ready: closed } })],
    [
      true,
      apiPod({
        spec: gates(gate, "other/gate"),
        conditions: { ContainersReady: "True", Ready: closed, "other/gate": "True" },
      }),
    ],
    // The gate is not ours: nothing of it is our business.
    [false, apiPod({ spec: gates("other/gate"), conditions: { ContainersReady: "True", Ready: closed } })],
    [false, apiPod({ spec: gates(gate), conditions: { ContainersReady: "False", Ready: closed } })],
    // Its node is lost: the containers' condition is what the kubelet said last.
    [false, apiPod({ spec: gates(gate), conditions: { ContainersReady: "True", Ready: "False", [gate]: "True" } })],
  ];
  for (const [ready, object] of cases) assert.equal(parsePod(object)?.ready, ready, JSON.stringify(object));
});

const options = { parsing: { domain: "example.org", groups: ["eu", "us"] } };

function read(pod: Parameters<typeof apiPod>[0], port?: number) {
  const parsed = parsePod(apiPod(pod));
  assert.ok(parsed);
  return readPodSession(parsed, port === undefined ? options : { ...options, port });
}

Deno.test("readPodSession() reads everything that a pod may say", () => {
  const read1 = read({
    metadata: {
      labels: { "signalbox.dev/session": "s1", "signalbox.dev/host": "label.example.org", app: "a" },
      annotations: {
        "signalbox.dev/host": "Mine.Example.org",
        "signalbox.dev/aliases": "b.example.org, a.example.org",
        "signalbox.dev/port": "8080",
        "signalbox.dev/groups": "us,eu",
        "signalbox.dev/plugins": '{"auth":{"token":"t"}}',
        "kubernetes.io/other": "x",
      },
    },
    status: { podIP: "FD00:0::1" },
  });
  assert.deepEqual(read1, {
    ok: true,
    session: {
      id: "s1",
      host: "mine.example.org",
      aliases: ["a.example.org", "b.example.org"],
      backends: [{ address: "fd00::1", port: 8080, weight: 1 }],
      groups: ["eu", "us"],
      labels: { app: "a" },
      plugins: { auth: { token: "t" } },
    },
  });
});

Deno.test("readPodSession() has a session named as its pod where the pod names none", () => {
  const result = read({}, 80);
  assert.ok(result.ok);
  assert.deepEqual([result.session.id, result.session.host], ["pod-1", "pod-1.example.org"]);
});

Deno.test("readPodSession() finds the port by number, by name, in the config, or as the only one", () => {
  const ports = (...list: object[]) => ({ containers: [{ ports: list }] });
  const says = (port: string) => ({ annotations: { "signalbox.dev/port": port } });
  const grpc = { name: "grpc", containerPort: 50051 };
  const portOf = (result: ReturnType<typeof read>) => result.ok ? result.session.backends[0]?.port : result.issues;
  assert.equal(portOf(read({ metadata: says("81"), spec: ports(grpc) }, 80)), 81);
  assert.equal(portOf(read({ metadata: says("grpc"), spec: ports(grpc, { containerPort: 1 }) }, 80)), 50051);
  assert.equal(portOf(read({ spec: ports(grpc) }, 80)), 80);
  assert.equal(portOf(read({ spec: ports(grpc) })), 50051);
  const missing = "is required: the containers do not declare one port alone";
  assert.deepEqual(portOf(read({})), [{ path: "signalbox.dev/port", message: missing }]);
  assert.deepEqual(portOf(read({ spec: ports(grpc, { containerPort: 1 }) })), [
    { path: "signalbox.dev/port", message: missing },
  ]);
});

Deno.test("readPodSession() says of everything that is wrong where it stands in the pod", () => {
  const result = read({
    metadata: {
      labels: { "signalbox.dev/session": "Not_an_id", "signalbox.dev/prot": "80" },
      annotations: {
        "signalbox.dev/host": "no host",
        "signalbox.dev/aliases": "a.example.org,-",
        "signalbox.dev/port": "web",
        "signalbox.dev/groups": "eu,mars",
        "signalbox.dev/plugins": "{auth",
      },
    },
  });
  assert.ok(!result.ok);
  assert.deepEqual(result.issues.map(({ path }) => path).sort(), [
    "signalbox.dev/aliases[1]",
    "signalbox.dev/host",
    "signalbox.dev/plugins",
    "signalbox.dev/port",
    "signalbox.dev/prot",
    "signalbox.dev/session",
  ]);
  // What concerns several fields is looked at when each alone is right.
  const group = read({ metadata: { annotations: { "signalbox.dev/groups": "mars" } } }, 80);
  assert.deepEqual(group.ok ? [] : group.issues.map(({ path }) => path), ["signalbox.dev/groups[0]"]);
  const shape = read({ metadata: { annotations: { "signalbox.dev/plugins": "[1]" } } }, 80);
  assert.deepEqual(shape.ok ? [] : shape.issues.map(({ path }) => path), ["signalbox.dev/plugins"]);
});
