import { stat } from "node:fs/promises";
import { join } from "node:path";
import { errorCode, fileFailure } from "../file_failure.ts";

/** What a folder's plugin is called, in the order in which they are looked for. */
const FILES_OF_FOLDER = ["plugin.ts", "plugin.js", "mod.ts", "mod.js"] as const;

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
