import assert from "node:assert/strict";
import { SignalboxError } from "../../signalbox_error.ts";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { durationText, parseReference, parseRegister, toSessionMessage } from "./grpc_session.ts";

const A = { id: "a", address: "10.0.0.1", port: 50051 };
const parsing = { domain: "example.org", issues: [] };

function issuesOf(run: () => unknown): readonly string[] {
  try {
    run();
  } catch (thrown) {
    assert(thrown instanceof SignalboxError);
    assert.equal(thrown.code, "invalid_request");
    return thrown.issues.map(({ path, message }) => `${path}: ${message}`);
  }
  assert.fail("it was accepted");
}

Deno.test("parseRegister() takes texts and numbers at their default for absent ones, as some clients send them", () => {
  const session = parseRegister({
    id: "a",
    address: "",
    port: 0,
    backends: [{ address: "10.0.0.1", port: 50051, weight: 0 }],
    host: "",
    aliases: [],
    labels: {},
    plugins: {},
  }, parsing);
  assert.deepEqual(session, sampleSession("a"));
  assert.deepEqual(issuesOf(() => parseRegister({ id: "", address: "", port: 0 }, parsing)), [
    "id: is required",
    "address: is required, for there are no backends",
    "port: is required, for there are no backends",
  ]);
});

Deno.test("parseRegister() takes a ttl in whole milliseconds and refuses any other", () => {
  const ttlMs = (ttl: { seconds?: number | string; nanos?: number }) => parseRegister({ ...A, ttl }, parsing).ttlMs;
  assert.equal(ttlMs({ seconds: 90 }), 90_000);
  assert.equal(ttlMs({ seconds: "1", nanos: 500_000_000 }), 1_500);
  const rule = 'ttl: must be a duration such as "30s", "5m" or "1h30m", got';
  for (
    const [ttl, problem] of [
      [{}, 'ttl: must be from 1s to 30d, got "0s"'],
      [{ nanos: 999_000_000 }, 'ttl: must be from 1s to 30d, got "999ms"'],
      [{ seconds: 31 * 86_400 }, 'ttl: must be from 1s to 30d, got "31d"'],
      [{ seconds: 1, nanos: 500 }, `${rule} "1000.0005ms"`],
      [{ seconds: -5 }, `${rule} "-5000ms"`],
      [{ seconds: "9223372036854775807" }, `${rule} "9.223372036854776e+21ms"`],
    ] as const
  ) {
    assert.deepEqual(issuesOf(() => ttlMs(ttl)), [problem]);
  }
});

Deno.test("parseRegister() takes a Service, and toSessionMessage() has it with the endpoints that it has", () => {
  const request = { id: "a", service: { namespace: "", name: "web", port: 80 } };
  const session = parseRegister(request, { ...parsing, serviceNamespaces: ["prod"] });
  const service = { namespace: "prod", name: "web", port: 80 };
  assert.deepEqual(session, sampleSession("a", { backends: [], service }));
  assert.deepEqual(issuesOf(() => parseRegister(request, parsing)), [
    "service: is not possible: the config has no kubernetes.endpoints",
  ]);
  const nowhere = toSessionMessage({ session, generation: 7, problem: "none is ready" });
  assert.deepEqual([nowhere.service, nowhere.backends, nowhere.problem], [service, [], "none is ready"]);
});

Deno.test("durationText() is what the REST API would have been sent", () => {
  assert.equal(durationText({ seconds: 5_400, nanos: 1_000_000 }), "1h30m1ms");
  assert.equal(durationText({}), "0s");
});

Deno.test("parseRegister() and parseReference() report the issues that they are given with those that they find", () => {
  const issues = [{ path: "wait", message: "is odd" }];
  assert.deepEqual(issuesOf(() => parseRegister(A, { ...parsing, issues })), ["wait: is odd"]);
  assert.deepEqual(issuesOf(() => parseRegister({ ...A, id: "" }, { ...parsing, issues })), [
    "id: is required",
    "wait: is odd",
  ]);
  assert.deepEqual(issuesOf(() => parseReference({ id: "A" }, { action: "remove", issues })), [
    'id: must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens, got "A"',
    "wait: is odd",
  ]);
  assert.deepEqual(issuesOf(() => parseReference({ id: "a" }, { action: "remove", issues })), ["wait: is odd"]);
  assert.equal(parseReference({ id: "a" }, { action: "get", issues: [] }), "a");
});

Deno.test("toSessionMessage() has times to the millisecond, and none where a session does not end", () => {
  const { ttl, expiresAt } = toSessionMessage({
    session: sampleSession("a", { ttlMs: 1_001 }),
    generation: 7,
    expiresAtMs: 1_790_000_000_123,
  });
  assert.deepEqual(ttl, { seconds: 1, nanos: 1_000_000 });
  assert.deepEqual(expiresAt, { seconds: 1_790_000_000, nanos: 123_000_000 });
  const forever = toSessionMessage({ session: sampleSession("a"), generation: 7 });
  assert.deepEqual([forever.ttl, forever.expiresAt], [undefined, undefined]);
});
