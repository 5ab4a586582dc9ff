import assert from "node:assert/strict";
import type { SessionRecord } from "../../core/session/session.ts";
import type { Store, StoreContents } from "../../core/store/store.ts";

/** What the suite asks of a store, and does to it. */
export type StoreUnderTest = Pick<Store, "load" | "commit" | "close">;

export interface StoreKind {
  readonly name: string;
  /** A place for one store; `open` may be called again after a `close`, `remove` once at the end. */
  place(): Promise<{ open(): Promise<StoreUnderTest>; remove(): Promise<void> }>;
  /** Whether what was committed is there when the store is opened again. */
  readonly durable: boolean;
  /** Whether it remembers generations. Where it does not, those of its contents mean nothing. Default true. */
  readonly keepsGenerations?: boolean;
  /** Registers a test. Default `Deno.test`. */
  readonly test?: (name: string, run: () => Promise<void>) => void;
}

/** A complete record with every field set to something of its own. */
export function sampleRecord(id: string, changes: Partial<SessionRecord> = {}): SessionRecord {
  return {
    session: {
      id,
      host: `${id}.example.org`,
      aliases: [`${id}-b.example.org`, `${id}-c.example.org`],
      backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }, { address: "2001:db8::1", port: 65535, weight: 7 }],
      labels: { team: "a_B.c", "a.b/c": "" },
      plugins: { auth: { roles: ["größe", null, 1.5, { deep: true, empty: {}, none: [], nil: null }] } },
      ttlMs: 30_000,
    },
    generation: 3,
    expiresAtMs: 1_790_000_000_123,
    ...changes,
  };
}

/** What every `Store` does. Registers its tests by `Deno.test`. */
export function testStore(kind: StoreKind): void {
  const { keepsGenerations = true, test: register = (name, run) => Deno.test(name, run) } = kind;

  async function assertContents(store: StoreUnderTest, expected: StoreContents, message?: string): Promise<void> {
    const comparable = ({ generation, records }: StoreContents) =>
      keepsGenerations ? { generation, records } : records.map(({ generation: _, ...record }) => record);
    assert.deepEqual(comparable(await store.load()), comparable(expected), message);
  }

  const test = (
    name: string,
    run: (store: StoreUnderTest, open: () => Promise<StoreUnderTest>) => Promise<void>,
  ) =>
    register(`${kind.name}: ${name}`, async () => {
      const place = await kind.place();
      let store = await place.open();
      try {
        await run(store, async () => store = await place.open());
      } finally {
        await store.close();
        await place.remove();
      }
    });

  test("load() has generation 0 and no records when the store is new", async (store) => {
    await assertContents(store, { generation: 0, records: [] });
  });

  test("load() has every field of a record when it was put", async (store) => {
    await store.load();
    const full = sampleRecord("a");
    const { ttlMs: _, ...session } = sampleRecord("b").session;
    const bare: SessionRecord = { session: { ...session, aliases: [], labels: {}, plugins: {} }, generation: 4 };
    await store.commit(4, [{ kind: "put", record: full }, { kind: "put", record: bare }]);
    await assertContents(store, { generation: 4, records: [full, bare] });
  });

  test("load() is in the order of ids when records were put in another", async (store) => {
    await store.load();
    const ids = ["b", "a-1", "a", "z", "0", "a1"];
    await store.commit(1, ids.map((id) => ({ kind: "put", record: sampleRecord(id) })));
    assert.deepEqual((await store.load()).records.map((record) => record.session.id), [
      "0",
      "a",
      "a-1",
      "a1",
      "b",
      "z",
    ]);
  });

  test("commit() replaces a record when its id is there", async (store) => {
    await store.load();
    await store.commit(1, [{ kind: "put", record: sampleRecord("a") }]);
    const { ttlMs: _, ...session } = sampleRecord("a").session;
    const moved: SessionRecord = { session: { ...session, host: "x.example.org" }, generation: 2 };
    await store.commit(2, [{ kind: "put", record: moved }]);
    await assertContents(store, { generation: 2, records: [moved] });
  });

  test("commit() applies changes in their order when several name one id", async (store) => {
    await store.load();
    await store.commit(5, [
      { kind: "put", record: sampleRecord("a") },
      { kind: "delete", id: "a" },
      { kind: "delete", id: "unknown" },
      { kind: "put", record: sampleRecord("b") },
      { kind: "put", record: sampleRecord("b", { generation: 5 }) },
    ]);
    await assertContents(store, { generation: 5, records: [sampleRecord("b", { generation: 5 })] });
  });

  test("commit() keeps the generation when there are no changes, or only deletions", async (store) => {
    await store.load();
    await store.commit(1, [{ kind: "put", record: sampleRecord("a") }]);
    await store.commit(2, []);
    await assertContents(store, { generation: 2, records: [sampleRecord("a")] });
    await store.commit(9_007_199_254_740_991, [{ kind: "delete", id: "a" }]);
    await assertContents(store, { generation: 9_007_199_254_740_991, records: [] });
  });

  test("commit() takes thousands of changes at once", async (store) => {
    await store.load();
    const ids = Array.from({ length: 3_000 }, (_, i) => `s-${String(i).padStart(4, "0")}`);
    await store.commit(1, ids.map((id) => ({ kind: "put", record: sampleRecord(id) })));
    assert.deepEqual((await store.load()).records.map((record) => record.session.id), ids);
    await store.commit(2, ids.map((id) => ({ kind: "delete", id })));
    await assertContents(store, { generation: 2, records: [] });
  });

  test("commit() and load() reject with store_unavailable when the store is closed", async (store) => {
    await store.close();
    await assert.rejects(store.load(), { code: "store_unavailable" });
    await assert.rejects(store.commit(1, []), { code: "store_unavailable" });
    await store.close();
  });

  test(
    `load() has ${kind.durable ? "what was committed" : "nothing"} when the store is opened again`,
    async (store, open) => {
      await store.load();
      await store.commit(7, [{ kind: "put", record: sampleRecord("a") }, { kind: "put", record: sampleRecord("b") }]);
      await store.commit(8, [{ kind: "delete", id: "b" }]);
      await store.close();
      await assertContents(
        await open(),
        kind.durable ? { generation: 8, records: [sampleRecord("a")] } : { generation: 0, records: [] },
      );
    },
  );
}
