import { dirname, resolve } from "node:path";
import { SignalboxError } from "../signalbox_error.ts";
import type { Config } from "./config.ts";
import { parseConfig } from "./parse_config.ts";

/** Reads the config file at `path`. Throws `invalid_config` where it cannot be read or is not acceptable. */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(await readText(path), { baseDir: dirname(resolve(path)), fileName: path });
}

async function readText(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await Deno.readFile(path);
  } catch (thrown) {
    throw new SignalboxError("invalid_config", `Cannot read config "${path}": ${reason(thrown)}`, { cause: thrown });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (thrown) {
    throw new SignalboxError("invalid_config", `Cannot read config "${path}": it is not UTF-8`, { cause: thrown });
  }
}

function reason(thrown: unknown): string {
  if (thrown instanceof Deno.errors.NotFound) return "there is no such file";
  if (thrown instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (thrown instanceof Deno.errors.IsADirectory) return "it is a folder";
  return thrown instanceof Error ? thrown.message : String(thrown);
}
