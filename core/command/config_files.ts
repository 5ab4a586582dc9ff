import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Config, TlsFiles } from "../config/config.ts";
import type { Issue } from "../signalbox_error.ts";

/** What is wrong with the files of the listeners' certificates. */
export async function findTlsProblems(config: Config, nowMs: number): Promise<readonly Issue[]> {
  const found = config.listeners.map(({ tls }, index) =>
    tls === undefined ? [] : tlsProblems(tls, `listeners[${index}].tls`, nowMs)
  );
  return (await Promise.all(found)).flat();
}

async function tlsProblems(files: TlsFiles, path: string, nowMs: number): Promise<readonly Issue[]> {
  const cert = await readPem(files.cert, "certificate", (pem) => new X509Certificate(pem));
  const key = await readPem(files.key, "private key", (pem): KeyObject => createPrivateKey(pem));
  const issues: Issue[] = [];
  if (typeof cert === "string") issues.push({ path: `${path}.cert`, message: cert });
  else if (Date.parse(cert.validTo) <= nowMs) {
    issues.push({ path: `${path}.cert`, message: `"${files.cert}" expired on ${cert.validTo}` });
  }
  if (typeof key === "string") issues.push({ path: `${path}.key`, message: key });
  else if (typeof cert !== "string" && !cert.checkPrivateKey(key)) {
    issues.push({ path: `${path}.key`, message: `"${files.key}" is not the key of "${files.cert}"` });
  }
  return issues;
}

/** What `parse` makes of the file, or in words why not. */
async function readPem<T extends object>(
  file: string,
  what: string,
  parse: (pem: string) => T,
): Promise<T | string> {
  let pem: string;
  try {
    pem = await readFile(file, "utf8");
  } catch (thrown) {
    return `cannot read "${file}": ${reason(thrown)}`;
  }
  try {
    return parse(pem);
  } catch (thrown) {
    return `"${file}" has no ${what} in PEM: ${reason(thrown)}`;
  }
}

/** Whether the store can be written or made, without touching it: a Signalbox that runs may have it open. */
export async function findStoreProblems(config: Config): Promise<readonly Issue[]> {
  if (config.store.kind === "memory") return [];
  const file = config.store.path;
  const issue = (message: string): readonly Issue[] => [{ path: "store.path", message }];
  try {
    const found = await statOrUndefined(file);
    if (found !== undefined && !found.isFile()) return issue(`"${file}" is no file`);
    if (found?.size === 0) return issue(`"${file}" is empty: it was damaged, or is not Signalbox's`);
    if (found !== undefined) await access(file, constants.R_OK | constants.W_OK);
    const folder = await nearestFolder(dirname(file));
    if (!(await stat(folder)).isDirectory()) return issue(`cannot make "${file}": "${folder}" is no folder`);
    await access(folder, constants.W_OK | constants.X_OK);
    return [];
  } catch (thrown) {
    return issue(`cannot write "${file}": ${reason(thrown)}`);
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

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["ENOENT", "there is no such file"],
  ["EISDIR", "it is a folder"],
  ["ENOTDIR", "a part of its path is a file"],
  ["EACCES", "permission denied"],
  ["EROFS", "the file system is read-only"],
]);

function reason(thrown: unknown): string {
  return REASONS.get(errorCode(thrown)) ?? (thrown instanceof Error ? thrown.message : String(thrown));
}

function errorCode(thrown: unknown): unknown {
  return thrown instanceof Error ? Reflect.get(thrown, "code") : undefined;
}
