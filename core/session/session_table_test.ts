import assert from "node:assert/strict";
import fc from "fast-check";
import { sameRegistration } from "./same_registration.ts";
import type { Session, SessionRecord } from "./session.ts";
import { SessionTable } from "./session_table.ts";

function record(id: string, changes: Partial<Session> = {}): SessionRecord {
  return {
    session: {
      id,
      host: `${id}.example.org`,
      aliases: [],
      backends: [{ address: "10.0.0.1", port: 1, weight: 1 }],
      labels: {},
      plugins: {},
      ...changes,
    },
    generation: 1,
  };
}

function tableOf(...records: readonly SessionRecord[]): SessionTable {
  const table = new SessionTable();
  const draft = table.draft();
  for (const each of records) draft.put(each);
  table.apply(draft);
  return table;
}

const idsOf = (records: Iterable<SessionRecord>) => Array.from(records, ({ session }) => session.id);

Deno.test("SessionTable.list() walks all pages in the order of ids when there are many", () => {
  const table = tableOf(...["b", "a-1", "a", "z", "0"].map((id) => record(id)));
  assert.deepEqual(table.list({ limit: 2 }), { records: [table.get("0"), table.get("a")], next: "a" });
  assert.deepEqual(idsOf(table.list({ limit: 2, after: "a" }).records), ["a-1", "b"]);
  assert.deepEqual(table.list({ limit: 2, after: "b" }), { records: [table.get("z")] });
  assert.deepEqual(idsOf(table.list({ limit: 9, after: "a-0" }).records), ["a-1", "b", "z"]);
  assert.deepEqual(table.list({ limit: 2, after: "z" }), { records: [] });
  assert.deepEqual(idsOf(table.list({ limit: 5 }).records), ["0", "a", "a-1", "b", "z"]);
});

Deno.test("SessionTable.list() has only sessions with all the labels when there is a selector", () => {
  const table = tableOf(
    record("a", { labels: { team: "x", app: "y" } }),
    record("b", { labels: { team: "x" } }),
    record("c", { labels: { team: "x", app: "y" } }),
    record("d", { labels: {} }),
  );
  assert.deepEqual(table.list({ limit: 1, labels: { team: "x", app: "y" } }), {
    records: [table.get("a")],
    next: "a",
  });
  assert.deepEqual(table.list({ limit: 1, after: "a", labels: { team: "x", app: "y" } }), {
    records: [table.get("c")],
  });
  assert.deepEqual(idsOf(table.list({ limit: 9, labels: { toString: "x" } }).records), []);
});

Deno.test("SessionDraft.put() frees the hosts of what it replaces and keeps the table as it was", () => {
  const table = tableOf(record("a", { aliases: ["x.example.org"] }));
  const draft = table.draft();
  draft.put(record("a", { host: "y.example.org" }));
  assert.deepEqual(["a", "x", "y"].map((name) => draft.ownerOf(`${name}.example.org`)), [undefined, undefined, "a"]);
  assert.deepEqual(["a", "x", "y"].map((name) => table.ownerOf(`${name}.example.org`)), ["a", "a", undefined]);
  table.apply(draft);
  assert.equal(table.ownerOf("y.example.org"), "a");
  assert.equal(table.ownerOf("a.example.org"), undefined);
});

Deno.test("SessionDraft.findTakenHost() names the field when a host or an alias is another session's", () => {
  const draft = tableOf(record("a", { aliases: ["x.example.org"] })).draft();
  assert.equal(draft.findTakenHost(record("a", { host: "x.example.org" }).session), undefined);
  assert.deepEqual(draft.findTakenHost(record("b", { aliases: ["w.example.org", "x.example.org"] }).session), {
    path: "aliases",
    host: "x.example.org",
    owner: "a",
  });
  assert.throws(() => draft.put(record("b", { host: "a.example.org" })), RangeError);
  draft.delete("a");
  draft.put(record("b", { host: "a.example.org" }));
  assert.equal(draft.ownerOf("a.example.org"), "b");
});

Deno.test("SessionTable has what a plain map has when drafts are applied or forgotten in any order", () => {
  const id = fc.constantFrom("a", "b", "c", "d");
  const host = fc.constantFrom("1.x", "2.x", "3.x", "4.x", "5.x");
  const change = fc.oneof(
    fc.record({ kind: fc.constant("delete" as const), id }),
    fc.record({ kind: fc.constant("put" as const), id, host, aliases: fc.uniqueArray(host, { maxLength: 2 }) }),
  );
  const batch = fc.record({ changes: fc.array(change, { maxLength: 6 }), applied: fc.boolean() });
  fc.assert(fc.property(fc.array(batch, { maxLength: 12 }), (batches) => {
    const table = new SessionTable();
    let model = new Map<string, SessionRecord>();
    for (const { changes, applied } of batches) {
      const draft = table.draft();
      const copy = new Map(model);
      for (const each of changes) {
        if (each.kind === "delete") {
          assert.equal(draft.delete(each.id), copy.delete(each.id));
          continue;
        }
        const next = record(each.id, { host: each.host, aliases: each.aliases.filter((a) => a !== each.host) });
        const hosts = [next.session.host, ...next.session.aliases];
        const taken = [...copy.values()].some(({ session }) =>
          session.id !== each.id && hosts.some((h) => h === session.host || session.aliases.includes(h))
        );
        assert.equal(draft.findTakenHost(next.session) !== undefined, taken);
        if (taken) continue;
        draft.put(next);
        copy.set(each.id, next);
      }
      if (!applied) continue;
      table.apply(draft);
      model = copy;
      const sorted = [...model.values()].sort((a, b) => a.session.id < b.session.id ? -1 : 1);
      assert.deepEqual([...table.records()], sorted);
      assert.equal(table.size, model.size);
      const owners = new Map(
        sorted.flatMap(({ session }) => [session.host, ...session.aliases].map((each) => [each, session.id] as const)),
      );
      for (const each of ["1.x", "2.x", "3.x", "4.x", "5.x"]) assert.equal(table.ownerOf(each), owners.get(each));
    }
  }));
});

Deno.test("sameRegistration() is true when only the order of keys differs, and false when any field does", () => {
  const { session } = record("a", { labels: { a: "1", b: "2" }, plugins: { p: { x: 1, y: [2] } } });
  assert.ok(sameRegistration(session, { ...session, plugins: { p: { y: [2], x: 1 } }, labels: { b: "2", a: "1" } }));
  const others: readonly Session[] = [
    { ...session, id: "b" },
    { ...session, host: "b" },
    { ...session, aliases: ["b"] },
    { ...session, backends: [{ address: "10.0.0.1", port: 1, weight: 2 }] },
    { ...session, backends: [...session.backends, { address: "10.0.0.1", port: 2, weight: 1 }] },
    { ...session, labels: { a: "1" } },
    { ...session, plugins: {} },
    { ...session, ttlMs: 1 },
    { ...session, service: { namespace: "default", name: "web", port: 80 } },
  ];
  for (const other of others) assert.equal(sameRegistration(session, other), false, JSON.stringify(other));
  const [, , , moved, , , , , following] = others;
  assert.ok(moved && following?.service);
  assert.ok(sameRegistration(following, { ...following, backends: moved.backends }), "endpoints are not asked for");
  const elsewhere = { ...following, service: { ...following.service, port: 81 } };
  assert.equal(sameRegistration(following, elsewhere), false);
});
