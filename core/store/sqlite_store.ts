import { DatabaseSync, type StatementSync } from "node:sqlite";
import { SignalboxError } from "../signalbox_error.ts";
import { toStoreError } from "./sqlite_error.ts";
import { prepareFile } from "./sqlite_file.ts";
import { APPLICATION_ID, migrate, MIGRATIONS, readPragma } from "./sqlite_schema.ts";
import type { Store, StoreChange, StoreContents } from "./store.ts";
import { decodeRow, encodeRow } from "./stored_session.ts";

export interface SqliteStoreOptions {
  /** How many pages of 4 KiB the file may have before `store_full`; absent: as the disk has. */
  readonly maxPages?: number;
  /** The steps of the schema, where not Signalbox's own. */
  readonly migrations?: readonly string[];
}

/**
 * Opens the store in the file at `path`, which is made, folder and all, where nothing is there. This process alone has
 * it until `close()` or its end. A commit blocks the event loop until it is on the disk.
 * Throws `store_locked`, `store_damaged`, `store_full` or `store_unavailable`.
 */
export async function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Promise<Store> {
  await prepareFile(path);
  const action = `Cannot open store "${path}"`;
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path, { timeout: 0 });
    // Before anything is read: then the lock is taken once and for good, and the log's index is in memory.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    checkIdentity(db, path, options.migrations ?? MIGRATIONS);
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216");
    checkPages(db, path);
    migrate(db, options.migrations ?? MIGRATIONS);
    if (options.maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${options.maxPages}`);
    return new SqliteStore(db, path);
  } catch (thrown) {
    db?.close();
    throw toStoreError(thrown, action);
  }
}

function checkIdentity(db: DatabaseSync, path: string, migrations: readonly string[]): void {
  if (readPragma(db, "application_id") !== APPLICATION_ID) {
    throw new SignalboxError(
      "store_damaged",
      `Cannot open store "${path}": the file is damaged, or is not Signalbox's`,
    );
  }
  const version = readPragma(db, "user_version");
  if (version <= migrations.length) return;
  throw new SignalboxError(
    "store_damaged",
    `Cannot open store "${path}": a newer Signalbox wrote it ` +
      `(schema version ${version}, this one knows up to ${migrations.length}); use that version or a backup`,
  );
}

function checkPages(db: DatabaseSync, path: string): void {
  const [first] = Object.values(db.prepare("PRAGMA quick_check(1)").get() ?? {});
  if (first === "ok") return;
  throw new SignalboxError(
    "store_damaged",
    `Cannot open store "${path}": the file is damaged (${first}); put a backup in its place, or move it away to begin anew`,
  );
}

class SqliteStore implements Store {
  readonly #db: DatabaseSync;
  readonly #path: string;
  // Statements rather than exec(), whose errors have no result code.
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #put: StatementSync;
  readonly #delete: StatementSync;
  readonly #setGeneration: StatementSync;

  constructor(db: DatabaseSync, path: string) {
    this.#db = db;
    this.#path = path;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#put = db.prepare(
      `INSERT INTO session (id, generation, expires_at_ms, session) VALUES (?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET
         generation = excluded.generation, expires_at_ms = excluded.expires_at_ms, session = excluded.session`,
    );
    this.#delete = db.prepare("DELETE FROM session WHERE id = ?");
    this.#setGeneration = db.prepare("UPDATE state SET generation = ?");
  }

  // deno-lint-ignore require-await -- what throws must reject
  async load(): Promise<StoreContents> {
    try {
      const generation: unknown = this.#db.prepare("SELECT generation FROM state").get()?.generation;
      if (typeof generation !== "number") throw new RangeError("its generation is missing");
      const rows = this.#db.prepare("SELECT id, generation, expires_at_ms, session FROM session ORDER BY id");
      return { generation, records: Array.from(rows.iterate(), decodeRow) };
    } catch (thrown) {
      const action = `Cannot read store "${this.#path}"`;
      if (!(thrown instanceof RangeError)) throw toStoreError(thrown, action);
      throw new SignalboxError("store_damaged", `${action}: ${thrown.message}`, { cause: thrown });
    }
  }

  // deno-lint-ignore require-await -- what throws must reject
  async commit(generation: number, changes: readonly StoreChange[]): Promise<void> {
    try {
      this.#begin.run();
      for (const change of changes) this.#apply(change);
      this.#setGeneration.run(generation);
      this.#commit.run();
    } catch (thrown) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw toStoreError(thrown, `Cannot write store "${this.#path}"`);
    }
  }

  close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    return Promise.resolve();
  }

  #apply(change: StoreChange): void {
    if (change.kind === "delete") {
      this.#delete.run(change.id);
      return;
    }
    const row = encodeRow(change.record);
    this.#put.run(row.id, row.generation, row.expires_at_ms, row.session);
  }
}
