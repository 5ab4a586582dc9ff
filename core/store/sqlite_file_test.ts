import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sampleRecord } from "../../tests/suite/store_suite.ts";
import { openSqliteStore } from "./sqlite_store.ts";

const PAGE = 4096;

/** A store with records on several pages, and its bytes. */
async function withStore(run: (path: string, bytes: Uint8Array) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = join(folder, "sessions.db");
  try {
    const store = await openSqliteStore(path);
    const changes = Array.from({ length: 100 }, (_, i) => ({ kind: "put", record: sampleRecord(`s-${i}`) }) as const);
    await store.commit(1, changes);
    await store.close();
    await run(path, await Deno.readFile(path));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function openAndLoad(path: string): Promise<void> {
  const store = await openSqliteStore(path);
  try {
    await store.load();
  } finally {
    await store.close();
  }
}

/** Refused as damaged, and left as it is: nobody's data are overwritten. */
async function assertDamaged(path: string, bytes: Uint8Array, message: RegExp): Promise<void> {
  await Deno.writeFile(path, bytes);
  await assert.rejects(openAndLoad(path), { code: "store_damaged", message });
  assert.deepEqual(await Deno.readFile(path), bytes);
}

Deno.test("openSqliteStore() rejects with store_damaged when the file is empty", () =>
  withStore((path) => assertDamaged(path, new Uint8Array(), /the file is empty/)));

Deno.test("openSqliteStore() rejects with store_damaged when the file is garbage", () =>
  withStore(async (path, bytes) => {
    await assertDamaged(path, crypto.getRandomValues(new Uint8Array(3 * PAGE)), /damaged, or is not Signalbox's$/);
    await assertDamaged(path, new TextEncoder().encode("hello"), /damaged, or is not Signalbox's$/);
    await assertDamaged(path, new Uint8Array(bytes.length), /damaged, or is not Signalbox's$/);
  }));

Deno.test("openSqliteStore() rejects with store_damaged when the file is cut short", () =>
  withStore(async (path, bytes) => {
    assert(bytes.length > 8 * PAGE);
    for (const length of [50, 100, PAGE, PAGE + 1, 4 * PAGE, bytes.length - PAGE, bytes.length - 1]) {
      await assertDamaged(path, bytes.slice(0, length), /damaged|is not JSON/);
    }
  }));

Deno.test("openSqliteStore() rejects with store_damaged when a page is overwritten", () =>
  withStore(async (path, bytes) => {
    for (let offset = PAGE; offset < bytes.length; offset += PAGE) {
      const broken = bytes.slice();
      crypto.getRandomValues(broken.subarray(offset, offset + PAGE));
      await assertDamaged(path, broken, /damaged/);
    }
  }));

Deno.test("openSqliteStore() rejects with store_damaged when the database is another program's", () =>
  withStore(async (path) => {
    await Deno.remove(path);
    const db = new DatabaseSync(path);
    db.exec("CREATE TABLE session (id TEXT)");
    db.close();
    await assertDamaged(path, await Deno.readFile(path), /or is not Signalbox's$/);
  }));

Deno.test("openSqliteStore() rejects with store_damaged when only the log is there", () =>
  withStore(async (path) => {
    await Deno.remove(path);
    await Deno.writeFile(`${path}-wal`, new Uint8Array(100));
    await assert.rejects(openSqliteStore(path), {
      code: "store_damaged",
      message: /the file is gone, but ".*-wal" is/,
    });
    await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
  }));
