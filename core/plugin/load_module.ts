import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { errorCode, fileFailure } from "../file_failure.ts";

/** What a folder's plugin is called, in the order in which they are looked for. */
const FILES_OF_FOLDER = ["plugin.ts", "plugin.js", "mod.ts", "mod.js"] as const;

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".ts": "application/typescript",
  ".mts": "application/typescript",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
};

export type LoadedModule =
  | { readonly ok: true; readonly exports: Readonly<Record<string, unknown>> }
  /** `key` is the one of the plugin's configuration that is to blame. */
  | { readonly ok: false; readonly key: "from" | "sha256"; readonly message: string };

export interface ModulePlace {
  /** A file of JavaScript or TypeScript, or a folder that has one. Absolute. */
  readonly from: string;
  /** 64 hex digits. */
  readonly sha256?: string | undefined;
}

/**
 * Loads a plugin's module. One that is pinned is run from the very bytes that were checked, and can import nothing from
 * beside it, which nobody would have checked.
 */
export async function loadModule({ from, sha256 }: ModulePlace): Promise<LoadedModule> {
  const found = await findModule(from);
  if (!found.ok) return { ok: false, key: "from", message: found.message };
  const { path } = found;
  try {
    if (sha256 === undefined) return { ok: true, exports: await import(pathToFileURL(path).href) };
    const bytes = await Deno.readFile(path);
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== sha256.toLowerCase()) {
      return { ok: false, key: "sha256", message: `is not that of "${path}", which is ${actual}` };
    }
    return { ok: true, exports: await importBytes(bytes, MEDIA_TYPES[extname(path)] ?? "text/javascript") };
  } catch (thrown) {
    return { ok: false, key: "from", message: `cannot load "${path}": ${importFailure(thrown, path)}` };
  }
}

/** Runs a module that is in memory. */
export async function importBytes(bytes: Uint8Array, type: string): Promise<Readonly<Record<string, unknown>>> {
  // A compiled Signalbox knows no blob URLs.
  return await import(`data:${type};base64,${Buffer.from(bytes).toString("base64")}`);
}

/** The file of a plugin's module. */
export async function findModule(
  from: string,
): Promise<{ readonly ok: true; readonly path: string } | { readonly ok: false; readonly message: string }> {
  try {
    if (!(await stat(from)).isDirectory()) return { ok: true, path: from };
    for (const name of FILES_OF_FOLDER) {
      const path = join(from, name);
      if (await isFile(path)) return { ok: true, path };
    }
    return { ok: false, message: `cannot load "${from}": the folder has no plugin.ts or plugin.js` };
  } catch (thrown) {
    return { ok: false, message: `cannot load "${from}": ${fileFailure(thrown)}` };
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (thrown) {
    if (errorCode(thrown) === "ENOENT") return false;
    throw thrown;
  }
}

function importFailure(thrown: unknown, path: string): string {
  const reason = inOneLine(thrown instanceof Error ? thrown.message : String(thrown));
  if (!Deno.build.standalone || !/\.m?ts\b/.test(`${path} ${reason}`)) return reason;
  return `a compiled Signalbox runs JavaScript alone; make it of the TypeScript with "signalbox plugin bundle" (${reason})`;
}

/** What is wrong, and where, without the lines of source between. */
function inOneLine(message: string): string {
  const [first = "", ...rest] = message.split("\n");
  const place = rest.map((line) => line.trim()).find((line) => line.startsWith("at "));
  return place === undefined ? first : `${first} ${place}`;
}
