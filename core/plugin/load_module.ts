import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { SignalboxError } from "../signalbox_error.ts";
import { findModule } from "./find_module.ts";

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".ts": "application/typescript",
  ".mts": "application/typescript",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
};

const PINS_JAVASCRIPT =
  'a compiled Signalbox pins JavaScript alone; "signalbox plugin bundle" makes it, and its sha256';

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
    if (sha256 === undefined) return { ok: true, exports: await importModule(path) };
    if (isForBundler(path)) return { ok: false, key: "from", message: `cannot load "${path}": ${PINS_JAVASCRIPT}` };
    const bytes = await Deno.readFile(path);
    const actual = createHash("sha256").update(bytes).digest("hex");
    if (actual !== sha256.toLowerCase()) {
      return { ok: false, key: "sha256", message: `is not that of "${path}", which is ${actual}` };
    }
    return { ok: true, exports: await importBytes(bytes, MEDIA_TYPES[extname(path)] ?? "text/javascript") };
  } catch (thrown) {
    return { ok: false, key: "from", message: `cannot load "${path}": ${importFailure(thrown)}` };
  }
}

/** A compiled Signalbox has nothing that reads TypeScript but its bundler. */
const isForBundler = (path: string): boolean =>
  Deno.build.standalone && MEDIA_TYPES[extname(path)] === "application/typescript";

/** Runs a module of JavaScript or TypeScript, which may import what lies beside it. One call at a time. */
export async function importModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (!isForBundler(path)) return await import(pathToFileURL(path).href);
  const { bundleModule } = await import("./bundle_module.ts");
  const { code } = await bundleModule(path);
  return await importBytes(new TextEncoder().encode(code), "text/javascript");
}

/** Runs a module that is in memory. */
export async function importBytes(bytes: Uint8Array, type: string): Promise<Readonly<Record<string, unknown>>> {
  // A compiled Signalbox knows no blob URLs.
  return await import(`data:${type};base64,${Buffer.from(bytes).toString("base64")}`);
}

function importFailure(thrown: unknown): string {
  if (thrown instanceof SignalboxError && thrown.issues.length > 0) {
    return thrown.issues.map((issue) => `${issue.path}: ${issue.message}`).join(", ");
  }
  return inOneLine(thrown instanceof Error ? thrown.message : String(thrown));
}

/** What is wrong, and where, without the lines of source between. */
function inOneLine(message: string): string {
  const [first = "", ...rest] = message.split("\n");
  const place = rest.map((line) => line.trim()).find((line) => line.startsWith("at "));
  return place === undefined ? first : `${first} ${place}`;
}
