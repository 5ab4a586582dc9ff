import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sampleRecord } from "../../tests/suite/store_suite.ts";
import { APPLICATION_ID, MIGRATIONS } from "./sqlite_schema.ts";
import { openSqliteStore } from "./sqlite_store.ts";

/** A file as schema version 1 left it, in SQL of its own: it must be readable for ever. */
const VERSION_1 = `
  PRAGMA application_id = 1399284344;
  PRAGMA user_version = 1;
  PRAGMA journal_mode = WAL;
  CREATE TABLE state (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), generation INTEGER NOT NULL) STRICT;
  INSERT INTO state VALUES (1, 42);
  CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL, generation INTEGER NOT NULL, expires_at_ms INTEGER, session TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO session VALUES ('s-1', 41, 1790000000123, '{"id":"s-1","host":"s-1.example.org","aliases":[],
    "backends":[{"address":"10.0.0.1","port":80,"weight":1}],"labels":{"a":"b"},"plugins":{},"ttlMs":30000}');
`;

const VERSION_1_CONTENTS = {
  generation: 42,
  records: [{
    session: {
      id: "s-1",
      host: "s-1.example.org",
      aliases: [],
      backends: [{ address: "10.0.0.1", port: 80, weight: 1 }],
      labels: { a: "b" },
      plugins: {},
      ttlMs: 30_000,
    },
    generation: 41,
    expiresAtMs: 1_790_000_000_123,
  }],
};

async function withDatabase(sql: string, run: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "sessions.db");
    execute(path, sql);
    await run(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function execute(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

function valueOf(path: string, sql: string): unknown {
  const db = new DatabaseSync(path);
  try {
    return Object.values(db.prepare(sql).get() ?? {})[0];
  } finally {
    db.close();
  }
}

Deno.test("openSqliteStore() reads a file of version 1 when it has been migrated to today's", () =>
  withDatabase(VERSION_1, async (path) => {
    const store = await openSqliteStore(path);
    assert.deepEqual(await store.load(), VERSION_1_CONTENTS);
    await store.commit(43, [{ kind: "put", record: sampleRecord("s-2") }]);
    await store.close();
    assert.equal(valueOf(path, "PRAGMA user_version"), MIGRATIONS.length);
  }));

Deno.test("openSqliteStore() runs the steps that the file lacks when there are later ones", () =>
  withDatabase(VERSION_1, async (path) => {
    const migrations = [
      ...MIGRATIONS,
      "ALTER TABLE session ADD COLUMN note TEXT; CREATE TABLE extra (a INTEGER) STRICT; INSERT INTO extra VALUES (1)",
      "UPDATE extra SET a = a + 1",
    ];
    for (let times = 0; times < 2; times++) {
      const store = await openSqliteStore(path, { migrations });
      assert.deepEqual(await store.load(), VERSION_1_CONTENTS);
      await store.close();
    }
    assert.equal(valueOf(path, "PRAGMA user_version"), migrations.length);
    assert.equal(valueOf(path, "SELECT a FROM extra"), 2);
  }));

Deno.test("openSqliteStore() leaves the file as it was when a step fails", () =>
  withDatabase(VERSION_1, async (path) => {
    const migrations = [...MIGRATIONS, "CREATE TABLE extra (a INTEGER) STRICT", "INSERT INTO missing VALUES (1)"];
    await assert.rejects(openSqliteStore(path, { migrations }), { code: "store_unavailable", message: /missing/ });
    assert.equal(valueOf(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'extra'"), 0);
    const store = await openSqliteStore(path);
    assert.deepEqual(await store.load(), VERSION_1_CONTENTS);
    await store.close();
  }));

Deno.test("openSqliteStore() rejects with store_damaged when a newer version wrote the file", () =>
  withDatabase(`${VERSION_1}; PRAGMA user_version = 1000`, async (path) => {
    await assert.rejects(openSqliteStore(path), {
      code: "store_damaged",
      message: `Cannot open store "${path}": a newer Signalbox wrote it (schema version 1000, this one knows up to ` +
        `${MIGRATIONS.length}); use that version or a backup`,
    });
    assert.equal(valueOf(path, "PRAGMA user_version"), 1000);
  }));

Deno.test("openSqliteStore() marks a new file as Signalbox's", () =>
  withDatabase("", async (path) => {
    await Deno.remove(path).catch(() => undefined);
    await (await openSqliteStore(path)).close();
    assert.equal(valueOf(path, "PRAGMA application_id"), APPLICATION_ID);
    assert.equal(valueOf(path, "PRAGMA journal_mode"), "wal");
  }));
