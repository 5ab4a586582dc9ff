import assert from "node:assert/strict";
import type { Session } from "../session/session.ts";
import { settleSession } from "./session_change.ts";

const GIVEN: Session = {
  id: "s1",
  host: "s1.example.org",
  aliases: ["a.example.org", "b.example.org"],
  backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
  labels: { team: "x" },
  plugins: {},
  ttlMs: 60_000,
};

const settle = (change: Record<string, unknown>) => settleSession(GIVEN, [{ ...GIVEN, ...change }]);

function issuesOf(change: Record<string, unknown>) {
  const settled = settle(change);
  assert.ok(!settled.ok);
  return settled.issues;
}

Deno.test("settleSession() takes other backends, labels and words to plugins, in canonical form", () => {
  const settled = settle({
    backends: [{ address: "2001:DB8:0::1", port: 1 }],
    labels: { b: "2", a: "1" },
    plugins: { p: { x: 1 } },
  });
  assert.ok(settled.ok);
  assert.deepEqual(settled.subjects, [{
    ...GIVEN,
    backends: [{ address: "2001:db8::1", port: 1, weight: 1 }],
    labels: { a: "1", b: "2" },
    plugins: { p: { x: 1 } },
  }]);
  assert.deepEqual(Object.keys(settled.subjects[0]?.labels ?? {}), ["a", "b"]);
});

Deno.test("settleSession() takes some of a Service's endpoints, and no other Service", () => {
  const service = { namespace: "default", name: "web", port: 80 };
  const given = { ...GIVEN, service };
  const [first] = given.backends;
  assert.ok(first);
  const more = { ...given, backends: [first, { ...first, port: 2 }] };
  assert.deepEqual(settleSession(more, [given]), { ok: true, subjects: [given] });
  const other = settleSession(given, [{ ...given, service: { ...service, name: "other" } }]);
  assert.deepEqual(other.ok ? [] : other.issues.map(({ path }) => path), ["service"]);
});

Deno.test("settleSession() takes a session that gives up hosts, or has them the other way round", () => {
  assert.ok(settle({ aliases: [] }).ok);
  assert.ok(settle({ host: "a.example.org", aliases: ["s1.example.org"] }).ok);
});

Deno.test("settleSession() takes none: the session then has no resources", () => {
  assert.deepEqual(settleSession(GIVEN, []), { ok: true, subjects: [] });
});

Deno.test("settleSession() refuses a second session", () => {
  const expected = { ok: false, issues: [{ path: "", message: "must give back one session, or none" }] };
  assert.deepEqual(settleSession(GIVEN, [GIVEN, { ...GIVEN, id: "s2" }]), expected);
});

Deno.test("settleSession() refuses another id, and another lifetime", () => {
  assert.deepEqual(issuesOf({ id: "s2" }), [{ path: "id", message: 'must stay "s1", is "s2"' }]);
  const counted = { path: "ttlMs", message: "must stay as it is: a lifetime is counted already" };
  assert.deepEqual(issuesOf({ ttlMs: 1 }), [counted]);
  assert.deepEqual(issuesOf({ ttlMs: undefined }), [counted]);
});

Deno.test("settleSession() refuses other groups", () => {
  const [issue, ...more] = issuesOf({ groups: ["eu"] });
  assert.deepEqual([issue?.path, more], ["groups", []]);
});

Deno.test("settleSession() refuses hosts that nobody checked to be free", () => {
  const message = (host: string) => `must be a host that the session was registered with, is "${host}"`;
  assert.deepEqual(issuesOf({ host: "s2.example.org" }), [{ path: "host", message: message("s2.example.org") }]);
  assert.deepEqual(issuesOf({ aliases: ["b.example.org", "c.example.org"] }), [
    { path: "aliases[1]", message: message("c.example.org") },
  ]);
});

Deno.test("settleSession() refuses what is no session, with paths", () => {
  const paths = (change: Record<string, unknown>) => issuesOf(change).map(({ path }) => path);
  assert.deepEqual(paths({ backends: [] }), ["backends"]);
  assert.deepEqual(paths({ backends: [{ address: "pod-1", port: 0 }] }), ["backends[0].address", "backends[0].port"]);
  assert.deepEqual(paths({ host: undefined }), ["host"]);
  assert.deepEqual(paths({ labels: { a: 1 }, tenant: "x" }).sort(), ["labels.a", "tenant"]);
});
