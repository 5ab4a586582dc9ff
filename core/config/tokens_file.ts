import { readFile } from "node:fs/promises";
import type { Issue } from "../signalbox_error.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { TokenHash } from "./config.ts";
import { tokenConflicts } from "./config_conflicts.ts";
import { tokensFileSchema } from "./config_schema.ts";
import { fileFailure } from "../file_failure.ts";
import { parseYaml } from "./parse_config.ts";

export type ReadTokens =
  | { readonly ok: true; readonly tokens: readonly TokenHash[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** The tokens in a file, a YAML list like `http.tokens`. `path` is where the file is named in the config. */
export async function readTokensFile(file: string, path: string): Promise<ReadTokens> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    return { ok: false, issues: [{ path, message: `cannot read "${file}": ${fileFailure(thrown)}` }] };
  }
  try {
    const findConflicts = (raw: unknown) => tokenConflicts(raw, []);
    return { ok: true, tokens: parseYaml(text, { fileName: file, schema: tokensFileSchema, findConflicts }) };
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError)) throw thrown;
    return { ok: false, issues: thrown.message.split("\n").map((message) => ({ path, message })) };
  }
}
