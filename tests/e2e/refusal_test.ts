import assert from "node:assert/strict";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import type { EnvoyProcess } from "../../core/dev/envoy_process.ts";
import type { ApiAnswer } from "./api_client.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld, type World } from "./harness.ts";
import { testEveryLayout } from "./layouts.ts";

const GOOD = { id: "bad", address: "10.0.0.1", port: 50051 };

interface Case {
  readonly what: string;
  /** An object is sent as JSON, a text as it is. */
  readonly body: unknown;
  readonly status: number;
  /** Of every issue; empty for the whole body. */
  readonly paths: readonly string[];
}

const CASES: readonly Case[] = [
  { what: "bad JSON", body: '{"id":"bad","address":"10.0.0.1","port":50051', status: 400, paths: [""] },
  { what: "no JSON at all", body: "id=bad", status: 400, paths: [""] },
  { what: "an empty body", body: "", status: 400, paths: [""] },
  { what: "a list", body: [GOOD], status: 422, paths: [""] },
  {
    what: "wrong types",
    body: { id: 1, address: ["10.0.0.1"], port: "x" },
    status: 422,
    paths: ["id", "address", "port"],
  },
  {
    what: "wrong types inside",
    body: { ...GOOD, labels: { a: 1 }, plugins: { p: 1 } },
    status: 422,
    paths: ["labels.a", "plugins.p"],
  },
  { what: "port 0", body: { ...GOOD, port: 0 }, status: 422, paths: ["port"] },
  { what: "port 70000", body: { ...GOOD, port: 70000 }, status: 422, paths: ["port"] },
  {
    what: "port 70000 of a backend",
    body: { id: "bad", backends: [{ address: "10.0.0.1", port: 1 }, { address: "10.0.0.2", port: 70000 }] },
    status: 422,
    paths: ["backends[1].port"],
  },
  { what: "an address that is a name", body: { ...GOOD, address: "localhost" }, status: 422, paths: ["address"] },
  { what: "an address out of range", body: { ...GOOD, address: "10.0.0.256" }, status: 422, paths: ["address"] },
  { what: "an address in brackets", body: { ...GOOD, address: "[::1]" }, status: 422, paths: ["address"] },
  { what: "an address with a zone", body: { ...GOOD, address: "fe80::1%eth0" }, status: 422, paths: ["address"] },
  { what: "the unspecified address", body: { ...GOOD, address: "::" }, status: 422, paths: ["address"] },
  { what: "10 MB of body", body: { ...GOOD, host: "x".repeat(10_000_000) }, status: 413, paths: [""] },
  {
    what: "a host that another session has",
    body: { ...GOOD, host: "Good.Example.Org." },
    status: 409,
    paths: ["host"],
  },
  {
    what: "an alias that another session has",
    body: { ...GOOD, aliases: ["good.example.org"] },
    status: 409,
    paths: ["aliases"],
  },
  { what: "an id of 64 characters", body: { ...GOOD, id: "a".repeat(64) }, status: 422, paths: ["id"] },
  { what: "an id in upper case", body: { ...GOOD, id: "Bad" }, status: 422, paths: ["id"] },
  { what: "a host of 254 characters", body: { ...GOOD, host: `${"a.".repeat(126)}ab` }, status: 422, paths: ["host"] },
  { what: "an unknown field", body: { ...GOOD, weight: 1 }, status: 422, paths: ["weight"] },
  { what: "a ttl of no time", body: { ...GOOD, ttl: "0s" }, status: 422, paths: ["ttl"] },
];

function assertProblem({ status, headers, body }: ApiAnswer, expected: Case): void {
  assert.equal(status, expected.status, expected.what);
  assert.equal(headers.get("content-type"), "application/problem+json", expected.what);
  const problem = Object(body);
  assert.equal(problem.status, status);
  const issues: readonly { readonly path: string; readonly message: string }[] = problem.issues;
  assert.deepEqual(issues.map(({ path }) => path), expected.paths, expected.what);
  assert.ok(issues.every(({ message }) => message !== ""), expected.what);
}

/** What Envoy has of sessions, by kind and name, without those of `marker`. */
async function configOf(envoy: EnvoyProcess, marker: string): Promise<Readonly<Record<string, unknown>>> {
  const found: Record<string, unknown> = {};
  JSON.stringify(await envoy.configDump(), (key, value) => {
    const isNamed = typeof value?.name === "string" && !value.name.includes(marker);
    if (isNamed && ["cluster", "listener"].includes(key)) found[`${key} ${value.name}`] = value;
    if (key === "scoped_route_configs") { for (const scope of value) found[`scope ${scope.name}`] = scope; }
    return value;
  });
  return Object.fromEntries(Object.entries(found).filter(([name]) => !name.includes(marker)));
}

/** How many updates Envoy has had, by kind. */
async function updatesOf(envoy: EnvoyProcess): Promise<Readonly<Record<string, number>>> {
  const text = await envoy.admin("/stats?filter=(update_success|update_rejected)$");
  const lines = text.trim().split("\n").filter((line) => !line.includes("runtime"));
  return Object.fromEntries(lines.map((line) => line.split(": ")).map(([name = "", count]) => [name, Number(count)]));
}

async function registered({ api }: World): Promise<readonly string[]> {
  const { body } = await api.request("GET", "/xds/tasks");
  return Object(body).tasks.map(({ id }: { readonly id: string }) => id);
}

testWithEnvoy("what is refused names its field, is not stored and does not reach Envoy", async () => {
  await using world = await createWorld();
  const [envoy] = world.envoys;
  assert.ok(envoy);
  const backend = await world.addBackend("a");
  await world.api.register({ id: "good", backend });
  await world.untilAnswered("good.example.org", "a");
  const before = { config: await configOf(envoy, "marker"), updates: await updatesOf(envoy) };
  // That the comparison below has something to compare.
  for (const name of ["cluster good", "scope good.example.org", "listener ingress"]) {
    assert.ok(name in before.config, name);
  }

  for (const expected of CASES) assertProblem(await world.api.request("POST", "/xds/tasks", expected.body), expected);
  const plain = await world.api.request("POST", "/xds/tasks", GOOD, { "content-type": "text/plain" });
  assert.equal(plain.status, 415);
  const batch = await world.api.request("POST", "/xds/tasks:batch", {
    tasks: CASES.filter(({ status, body }) => status !== 413 && typeof body === "object").map(({ body }) => body),
  });
  assert.equal(batch.status, 200);
  assert.ok(Object(batch.body).tasks.every(({ outcome }: { readonly outcome: string }) => outcome === "refused"));
  assert.deepEqual(await registered(world), ["good"]);

  // What comes after everything that was refused arrives alone: one cluster, one scope.
  await world.api.register({ id: "marker", backend });
  await world.untilAnswered("marker.example.org", "a");
  assert.deepEqual(await configOf(envoy, "marker"), before.config);
  const after = await updatesOf(envoy);
  const more = Object.entries(after).map(([name, count]) => [name, count - (before.updates[name] ?? 0)] as const);
  assert.deepEqual(
    Object.fromEntries(more.filter(([, by]) => by !== 0)),
    { "cluster_manager.cds.update_success": 1, "http.ingress.scoped_rds.sessions.update_success": 1 },
  );

  await world.signalbox.kill();
  await world.startSignalbox();
  assert.deepEqual(await registered(world), ["good", "marker"]);
});

testEveryLayout("a backend with an IPv6 address answers", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await createEchoBackend({ name: "six", address: "::1" });
  try {
    const { status, body } = await world.api.register({
      id: "s1",
      backend: { ...backend, address: "0:0:0:0:0:0:0:1" },
    });
    assert.equal(status, 201);
    assert.deepEqual(Object(body).backends, [{ address: "::1", port: backend.port, weight: 1 }]);
    await world.untilAnswered("s1.example.org", "six");
  } finally {
    await backend.kill();
  }
});
