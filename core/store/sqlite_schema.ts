import type { DatabaseSync } from "node:sqlite";

/** "Sgbx": SQLite's mark of whose file it is. */
export const APPLICATION_ID = 0x53676278;

/**
 * Step n leads from schema version n (SQLite's `user_version`) to n + 1. A step that was released is never changed: files
 * that it made are out there. Add a step, and a fixture of the version before to the tests.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE state (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    generation INTEGER NOT NULL
  ) STRICT;
  INSERT INTO state VALUES (1, 0);
  CREATE TABLE session (
    id TEXT PRIMARY KEY NOT NULL,
    generation INTEGER NOT NULL,
    expires_at_ms INTEGER,
    session TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];

/** Makes the schema in a database that has nothing in it yet. */
export function createSchema(db: DatabaseSync): void {
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
  migrate(db, MIGRATIONS);
}

/** Runs what steps `db` lacks, all or none. The caller has checked that it is not newer than `migrations` knows. */
export function migrate(db: DatabaseSync, migrations: readonly string[]): void {
  const version = readPragma(db, "user_version");
  if (version >= migrations.length) return;
  db.exec("BEGIN IMMEDIATE");
  try {
    for (const step of migrations.slice(version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${migrations.length}`);
    db.exec("COMMIT");
  } catch (thrown) {
    // SQLite has rolled back by itself after some errors, such as a full disk.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

/** The number that a pragma answers with. */
export function readPragma(db: DatabaseSync, name: "application_id" | "user_version"): number {
  const value = Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
  if (typeof value !== "number") throw new TypeError(`Cannot read pragma "${name}": it has no number`);
  return value;
}
