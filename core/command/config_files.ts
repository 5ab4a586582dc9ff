import { constants } from "node:fs";
import { Buffer } from "node:buffer";
import { access, open, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Config, ServerTlsFiles } from "../config/config.ts";
import { errorCode, fileFailure } from "../file_failure.ts";
import { readTlsFiles } from "../config/tls_files.ts";
import { readTokensFile } from "../config/tokens_file.ts";
import { APPLICATION_ID } from "../store/sqlite_schema.ts";
import type { Issue } from "../signalbox_error.ts";

/** What is wrong with the files of certificates and tokens. */
export async function findAccessProblems(config: Config, nowMs: number): Promise<readonly Issue[]> {
  const { http, xds, grpc, listeners } = config;
  const found = [
    ...Object.entries({ http, xds, grpc }).map(([server, { tls, tokensFile }]) => [
      findTlsProblems(tls, `${server}.tls`, nowMs),
      findTokensProblems(tokensFile, `${server}.tokensFile`),
    ]),
    ...listeners.map(({ tls }, index) => [findTlsProblems(tls, `listeners[${index}].tls`, nowMs)]),
  ];
  return (await Promise.all(found.flat())).flat();
}

async function findTlsProblems(
  tls: ServerTlsFiles | undefined,
  path: string,
  nowMs: number,
): Promise<readonly Issue[]> {
  if (tls === undefined) return [];
  const read = await readTlsFiles(tls, path);
  const { validTo } = read;
  const issues = read.ok ? [] : read.issues;
  if (validTo === undefined || validTo.getTime() > nowMs) return issues;
  return [{ path: `${path}.cert`, message: `"${tls.cert}" expired on ${validTo.toISOString()}` }, ...issues];
}

async function findTokensProblems(file: string | undefined, path: string): Promise<readonly Issue[]> {
  if (file === undefined) return [];
  const read = await readTokensFile(file, path);
  return read.ok ? [] : read.issues;
}

/** Whether the store can be written or made, without touching it: a Signalbox that runs may have it open. */
export async function findStoreProblems(config: Config): Promise<readonly Issue[]> {
  if (config.store.kind !== "sqlite") return [];
  const file = config.store.path;
  const issue = (message: string): readonly Issue[] => [{ path: "store.path", message }];
  try {
    const found = await statOrUndefined(file);
    if (found !== undefined && !found.isFile()) return issue(`"${file}" is no file`);
    if (found?.size === 0) return issue(`"${file}" is empty: it was damaged, or is not Signalbox's`);
    if (found !== undefined) {
      await access(file, constants.R_OK | constants.W_OK);
      if (!await isStore(file)) return issue(`"${file}" is damaged, or is not Signalbox's`);
    }
    const folder = await nearestFolder(dirname(file));
    if (!(await stat(folder)).isDirectory()) return issue(`cannot make "${file}": "${folder}" is no folder`);
    await access(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (thrown) {
    return issue(`cannot write "${file}": ${fileFailure(thrown)}`);
  }
}

/** Whether the file begins as SQLite's do, with Signalbox's mark (https://sqlite.org/fileformat.html, "The Database Header"). */
async function isStore(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(72), 0, 72, 0);
    const isSqlite = buffer.subarray(0, 16).toString("latin1") === "SQLite format 3\0";
    return bytesRead === 72 && isSqlite && buffer.readUInt32BE(68) === APPLICATION_ID;
  } finally {
    await handle.close();
  }
}

/** `folder`, or the nearest one above it that is there. */
async function nearestFolder(folder: string): Promise<string> {
  const parent = dirname(folder);
  if (parent === folder || await statOrUndefined(folder) !== undefined) return folder;
  return nearestFolder(parent);
}

async function statOrUndefined(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
