import { constants } from "node:fs";
import { access, link, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { SignalboxError } from "../signalbox_error.ts";
import { toStoreError } from "./sqlite_error.ts";
import { createSchema } from "./sqlite_schema.ts";

/**
 * Sees to it that a database is at `path`, and refuses what would make SQLite begin anew over lost data.
 * The file itself is never opened here: closing it would drop the locks (POSIX) that this process may have on it.
 */
export async function prepareFile(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    // SQLite makes its log beside the file, and would say less clearly that it cannot.
    await access(dirname(path), constants.W_OK | constants.X_OK);
    const size = await sizeOf(path);
    if (size === undefined) return await createFile(path);
    if (size === 0) throw damaged(path, "the file is empty; put a backup in its place, or remove it to begin anew");
    await access(path, constants.R_OK | constants.W_OK);
  } catch (thrown) {
    const action = `Cannot open store "${path}"`;
    const state = STATES.get(errorCode(thrown));
    if (state === undefined) throw toStoreError(thrown, action);
    const code = errorCode(thrown) === "ENOSPC" ? "store_full" : "store_unavailable";
    throw new SignalboxError(code, `${action}: ${state}`, { cause: thrown });
  }
}

const STATES: ReadonlyMap<unknown, string> = new Map([
  ["EACCES", "permission denied"],
  ["EPERM", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOTDIR", "a part of its path is a file"],
  // mkdir: the folder's own place is taken by a file.
  ["EEXIST", "a part of its path is a file"],
  ["ENOSPC", "the disk is full"],
]);

/** Complete under another name first, so that a crash never leaves half a store under its own. */
async function createFile(path: string): Promise<void> {
  const log = `${path}-wal`;
  if ((await sizeOf(log) ?? 0) > 0) {
    throw damaged(path, `the file is gone, but "${log}" is there; put a backup in its place, or remove the log`);
  }
  const draft = `${path}.${crypto.randomUUID()}.new`;
  try {
    const db = new DatabaseSync(draft);
    try {
      db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      createSchema(db);
    } finally {
      db.close();
    }
    await sync(draft);
    try {
      // Unlike a rename, a link never replaces what another process has made meanwhile.
      await link(draft, path);
    } catch (thrown) {
      if (errorCode(thrown) !== "EEXIST") throw thrown;
    }
  } finally {
    for (const suffix of ["", "-wal", "-shm"]) await rm(`${draft}${suffix}`, { force: true });
  }
  await sync(dirname(path));
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Undefined where nothing is there. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new SignalboxError("store_unavailable", `Cannot open store "${path}": it is no file`);
    return found.size;
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

function damaged(path: string, state: string): SignalboxError {
  return new SignalboxError("store_damaged", `Cannot open store "${path}": ${state}`);
}

function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error ? Reflect.get(thrown, "code") : undefined;
}
