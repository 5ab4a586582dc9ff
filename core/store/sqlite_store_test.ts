import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sampleRecord, testStore } from "../../tests/suite/store_suite.ts";
import { openSqliteStore } from "./sqlite_store.ts";
import type { StoreChange } from "./store.ts";

testStore({
  name: "openSqliteStore()",
  durable: true,
  place: async () => {
    const folder = await Deno.makeTempDir();
    return {
      open: () => openSqliteStore(join(folder, "sessions.db")),
      remove: () => Deno.remove(folder, { recursive: true }),
    };
  },
});

async function withFolder(run: (folder: string, path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder, join(folder, "sessions.db"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function puts(count: number, from = 0): readonly StoreChange[] {
  return Array.from({ length: count }, (_, i) => ({ kind: "put", record: sampleRecord(`s-${from + i}`) }));
}

async function fill(path: string, count: number): Promise<void> {
  const store = await openSqliteStore(path);
  await store.commit(1, puts(count));
  await store.close();
}

function sql(path: string, text: string): void {
  const db = new DatabaseSync(path);
  try {
    db.exec(text);
  } finally {
    db.close();
  }
}

Deno.test("openSqliteStore() makes the folder and leaves nothing but the store when nothing is there", () =>
  withFolder(async (folder) => {
    const path = join(folder, "a", "b", "sessions.db");
    await fill(path, 1);
    assert.deepEqual(Array.from(Deno.readDirSync(join(folder, "a", "b")), (entry) => entry.name), ["sessions.db"]);
  }));

Deno.test("openSqliteStore() keeps which Service a session leads to, and not where that was", () =>
  withFolder(async (_, path) => {
    const { session, ...rest } = sampleRecord("a");
    const service = { namespace: "default", name: "web", port: 80 };
    const store = await openSqliteStore(path);
    await store.commit(1, [{ kind: "put", record: { ...rest, session: { ...session, service } } }]);
    await store.close();
    const again = await openSqliteStore(path);
    const { records } = await again.load();
    await again.close();
    assert.deepEqual(records, [{ ...rest, session: { ...session, service, backends: [] } }]);
  }));

Deno.test("openSqliteStore() rejects with store_locked when this process has the store already", () =>
  withFolder(async (_, path) => {
    const store = await openSqliteStore(path);
    await assert.rejects(openSqliteStore(path), { code: "store_locked" });
    await store.commit(1, puts(1));
    await assert.rejects(openSqliteStore(path), { code: "store_locked" });
    await store.close();
    await (await openSqliteStore(path)).close();
  }));

Deno.test("openSqliteStore() rejects with store_unavailable when the path cannot be written", () =>
  withFolder(async (folder) => {
    const file = join(folder, "file");
    await Deno.writeTextFile(file, "");
    const cases = [
      [join(file, "sessions.db"), "a part of its path is a file"],
      [join(file, "deeper", "sessions.db"), "a part of its path is a file"],
      [folder, "it is no file"],
    ] as const;
    for (const [path, state] of cases) {
      await assert.rejects(openSqliteStore(path), {
        code: "store_unavailable",
        message: `Cannot open store "${path}": ${state}`,
      });
    }
  }));

Deno.test({
  name: "openSqliteStore() rejects with store_unavailable when permission is denied",
  ignore: Deno.uid() === 0, // nothing is denied to root
  fn: () =>
    withFolder(async (folder, path) => {
      await fill(path, 1);
      await Deno.chmod(path, 0o400);
      await assert.rejects(openSqliteStore(path), { code: "store_unavailable", message: /permission denied$/ });
      await Deno.chmod(folder, 0o500);
      try {
        await assert.rejects(openSqliteStore(join(folder, "new.db")), { message: /permission denied$/ });
      } finally {
        await Deno.chmod(folder, 0o700);
      }
    }),
});

Deno.test("commit() changes nothing and goes on later when the store is full", () =>
  withFolder(async (_, path) => {
    const small = await openSqliteStore(path, { maxPages: 40 });
    await small.commit(1, puts(5));
    await assert.rejects(small.commit(2, puts(1_000, 5)), {
      code: "store_full",
      message: `Cannot write store "${path}": the disk is full`,
    });
    assert.deepEqual(await small.load(), { generation: 1, records: puts(5).map(recordOf) });
    await small.commit(2, [{ kind: "delete", id: "s-4" }, ...puts(1, 4)]);
    await small.close();

    const roomy = await openSqliteStore(path);
    await roomy.commit(3, puts(1_000, 5));
    assert.equal((await roomy.load()).records.length, 1_005);
    await roomy.close();
  }));

function recordOf(change: StoreChange): unknown {
  return change.kind === "put" ? change.record : undefined;
}

Deno.test("load() rejects with store_damaged when a row is not what was written", () =>
  withFolder(async (_, path) => {
    const damages: readonly [string, RegExp][] = [
      ["UPDATE session SET session = '{' WHERE id = 's-1'", /session "s-1": it is not JSON$/],
      ["UPDATE session SET session = '{}' WHERE id = 's-1'", /session "s-1": id: /],
      ["UPDATE session SET session = json_set(session, '$.backends', json('[]'))", /backends: /],
      ["UPDATE session SET session = json_set(session, '$.new', 1)", /new/],
      ["UPDATE session SET expires_at_ms = NULL", /its ttl and its expiry do not agree$/],
      ["UPDATE session SET id = 'x' WHERE id = 's-1'", /session "x": it calls itself "s-1"$/],
      ["DELETE FROM state", /its generation is missing$/],
    ];
    for (const [damage, message] of damages) {
      await Deno.remove(path).catch(() => undefined);
      await fill(path, 2);
      sql(path, damage);
      const store = await openSqliteStore(path);
      await assert.rejects(store.load(), { code: "store_damaged", message }, damage);
      await store.close();
    }
  }));
