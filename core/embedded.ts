import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Files that the executable has in it, by the names that `deploy/compile.ts` gives them: unpacked and read when needed. */
export type EmbeddedFile = "esbuild.wasm" | "plugin_types.json";

/** Where they lie, packed: beside the bundle, as seen from any part of it. */
export const EMBEDDED_FOLDER = "embedded";

export async function readEmbedded(file: EmbeddedFile): Promise<Uint8Array<ArrayBuffer>> {
  const path = fileURLToPath(new URL(`./${EMBEDDED_FOLDER}/${file}.gz`, import.meta.url));
  return new Uint8Array(gunzipSync(await readFile(path)));
}
