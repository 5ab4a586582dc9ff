import { readFile } from "node:fs/promises";
import { fileFailure } from "../file_failure.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

/** A session in JSON, as the tasks API takes it, from a file, or from standard input where that is called `-`. */
export async function readSessionBody(file: string, io: CommandIo): Promise<unknown> {
  const text = file === "-" ? await io.in() : await readFile(file, "utf8").catch((cause: unknown) => {
    throw new SignalboxError("not_found", `Cannot read "${file}": ${fileFailure(cause)}`, { cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError("malformed_request", `Cannot read "${file}" as JSON: ${reason}`, { cause });
  }
}
