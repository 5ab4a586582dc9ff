import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "./load_config.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("loadConfig() takes relative paths from the file's folder when it is read", () =>
  withFolder(async (folder) => {
    const file = join(folder, "my.yaml");
    await Deno.writeTextFile(file, "domain: a");
    assert.deepEqual((await loadConfig(file)).store, { kind: "sqlite", path: join(folder, ".signalbox/sessions.db") });
  }));

Deno.test("loadConfig() rejects with invalid_config when the file cannot be read", () =>
  withFolder(async (folder) => {
    const missing = join(folder, "none.yaml");
    const binary = join(folder, "binary.yaml");
    await Deno.writeFile(binary, new Uint8Array([0xff, 0xfe, 0x00]));
    const cases = [[missing, "there is no such file"], [folder, "it is a folder"], [
      binary,
      "it is not UTF-8",
    ]] as const;
    for (const [path, state] of cases) {
      await assert.rejects(loadConfig(path), {
        code: "invalid_config",
        message: `Cannot read config "${path}": ${state}`,
      });
    }
  }));

Deno.test("loadConfig() names the file in each problem when its content is not acceptable", () =>
  withFolder(async (folder) => {
    const file = join(folder, "bad.yaml");
    await Deno.writeTextFile(file, "domain: a\nport: 1\n");
    await assert.rejects(loadConfig(file), { message: `${file}:2: port: is not a known key` });
  }));
