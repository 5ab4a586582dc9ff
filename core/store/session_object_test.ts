import assert from "node:assert/strict";
import { sampleRecord } from "../../tests/suite/store_suite.ts";
import type { SessionRecord } from "../session/session.ts";
import { parseSessionObject, type SessionObject, toNewObject, toPatch } from "./session_object.ts";

const parsing = { domain: "example.org", groups: ["default", "eu"] };

type Json = { readonly metadata: Readonly<Record<string, unknown>> };

/** An object as the API server has it. */
function stored(object: unknown, metadata: Readonly<Record<string, unknown>> = {}): Json {
  const { metadata: own, ...rest } = object as Json;
  const given = { uid: "u1", namespace: "ns", resourceVersion: "7", creationTimestamp: "2026-01-01T00:00:00Z" };
  return { ...rest, metadata: { ...own, ...given, generation: 1, ...metadata } };
}

function parse(object: unknown): SessionObject {
  const parsed = parseSessionObject(object, parsing);
  assert.ok(parsed);
  return parsed;
}

function sessionOf({ parsed, expiresAtMs }: SessionObject) {
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return { session: parsed.session, expiresAtMs };
}

/** The issues' paths. */
function pathsOf({ parsed }: SessionObject): readonly string[] {
  return parsed.ok ? [] : parsed.issues.map(({ path }) => path);
}

const named = (name: string, spec: unknown) => ({ metadata: { name }, spec });

Deno.test("parseSessionObject() reads what toNewObject() makes of a record", () => {
  const { session, expiresAtMs } = sampleRecord("s1");
  assert.deepEqual(sessionOf(parse(stored(toNewObject(sampleRecord("s1"))))), { session, expiresAtMs });
  const bare: SessionRecord = {
    generation: 1,
    session: { ...session, id: "s2", aliases: [], labels: {}, plugins: {}, groups: ["eu"] },
  };
  const { ttlMs: _, ...rest } = bare.session;
  const record = { ...bare, session: rest };
  assert.deepEqual(sessionOf(parse(stored(toNewObject(record)))), { session: rest, expiresAtMs: undefined });
});

Deno.test("toNewObject() says which Service a session leads to, and not where that is", () => {
  const { session } = sampleRecord("s1");
  const service = { namespace: "default", name: "web", port: 80 };
  const spec = Object(toNewObject({ generation: 1, session: { ...session, service } })).spec;
  assert.deepEqual([spec.service, spec.address, spec.backends], [service, undefined, undefined]);
});

Deno.test("parseSessionObject() tells issues by their places in the object", () => {
  const spec = { address: "10.0.0.1", port: 80 };
  assert.deepEqual(pathsOf(parse(stored(named("a.b", spec)))), ["metadata.name"]);
  assert.deepEqual(pathsOf(parse(stored(named("a", { ...spec, port: 0, host: "*" })))), ["spec.port", "spec.host"]);
  assert.deepEqual(pathsOf(parse(stored(named("a", { ...spec, groups: ["us"] })))), ["spec.groups[0]"]);
  assert.deepEqual(pathsOf(parse(stored(named("a", undefined)))), ["spec"]);
  const annotations = { "signalbox.dev/renewed-at": "soon" };
  assert.deepEqual(pathsOf(parse(stored(named("a", spec), { annotations }))), [
    'metadata.annotations["signalbox.dev/renewed-at"]',
  ]);
});

Deno.test("parseSessionObject() counts a ttl from the renewal, or from the end of the second of the creation", () => {
  const spec = { address: "10.0.0.1", port: 80, ttl: "30s" };
  const created = Date.parse("2026-01-01T00:00:00Z");
  assert.equal(parse(stored(named("a", spec))).expiresAtMs, created + 31_000);
  const annotations = { "signalbox.dev/renewed-at": "2026-01-01T01:00:00.250Z" };
  assert.equal(parse(stored(named("a", spec), { annotations })).expiresAtMs, created + 3_600_250 + 30_000);
});

Deno.test("parseSessionObject() has nothing of an object that is being deleted, or is none", () => {
  const deletionTimestamp = "2026-01-01T00:00:00Z";
  const object = stored(named("a", { address: "10.0.0.1", port: 80 }), { deletionTimestamp });
  assert.equal(parseSessionObject(object, parsing), undefined);
  assert.equal(parseSessionObject({ kind: "Status" }, parsing), undefined);
});

Deno.test("toPatch() holds for the version that it was made for, and leaves annotations of others", () => {
  const present = parse(stored(toNewObject(sampleRecord("s1")), { annotations: { a: "b" } }));
  const record = sampleRecord("s1");
  const renewedAt = new Date(1_790_000_000_123 - 30_000).toISOString();
  assert.deepEqual(toPatch(record, present), [
    { op: "replace", path: "/metadata/resourceVersion", value: "7" },
    { op: "replace", path: "/spec", value: Object(toNewObject(record)).spec },
    { op: "add", path: "/metadata/annotations/signalbox.dev~1renewed-at", value: renewedAt },
  ]);
  const plain = parse(stored(named("s1", { address: "10.0.0.1", port: 80 })));
  assert.deepEqual(toPatch(record, plain)[2], { op: "add", path: "/metadata/annotations", value: {} });
});
