import assert from "node:assert/strict";
import { join } from "node:path";
import { ENVOY_VERSION, findEnvoy } from "./envoy_binary.ts";

/** A stand-in whose `--version` says what Envoy's does. */
async function fakeEnvoy(folder: string, version: string): Promise<string> {
  await Deno.mkdir(folder, { recursive: true });
  const path = join(folder, "envoy");
  await Deno.writeTextFile(path, `#!/bin/sh\necho "envoy  version: 0000/${version}/Clean/RELEASE/BoringSSL"\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

async function withFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-envoy-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("findEnvoy() takes ENVOY_BIN before the PATH", () =>
  withFolder(async (folder) => {
    const chosen = await fakeEnvoy(join(folder, "chosen"), "1.39.1");
    await fakeEnvoy(join(folder, "path"), "1.40.0");
    const found = await findEnvoy({ env: { ENVOY_BIN: chosen, PATH: join(folder, "path"), HOME: folder } });
    assert.deepEqual(found, { kind: "found", path: chosen, version: "1.39.1", from: "ENVOY_BIN" });
  }));

Deno.test("findEnvoy() says that ENVOY_BIN is wrong when it is", () =>
  withFolder(async (folder) => {
    const found = await findEnvoy({ env: { ENVOY_BIN: join(folder, "nothing"), HOME: folder } });
    assert.equal(found.kind, "missing");
    assert.match(found.kind === "missing" ? found.reason : "", /nothing.*ENVOY_BIN/);
  }));

Deno.test("findEnvoy() takes what is on the PATH before the cache", () =>
  withFolder(async (folder) => {
    const path = await fakeEnvoy(join(folder, "path"), "1.40.0");
    await fakeEnvoy(join(folder, "cache", "signalbox", `envoy-${ENVOY_VERSION}`), ENVOY_VERSION);
    const env = { PATH: `${join(folder, "empty")}:${join(folder, "path")}`, XDG_CACHE_HOME: join(folder, "cache") };
    assert.deepEqual(await findEnvoy({ env }), { kind: "found", path, version: "1.40.0", from: "PATH" });
  }));

Deno.test("findEnvoy() takes the cache before a download, and no other version from it", () =>
  withFolder(async (folder) => {
    const cache = join(folder, ".cache", "signalbox", `envoy-${ENVOY_VERSION}`);
    const path = await fakeEnvoy(cache, ENVOY_VERSION);
    const env = { PATH: "", HOME: folder };
    assert.deepEqual(await findEnvoy({ env }), { kind: "found", path, version: ENVOY_VERSION, from: "cache" });
    await fakeEnvoy(cache, "1.2.3");
    assert.equal((await findEnvoy({ env, download: false })).kind, "missing");
  }));

Deno.test("findEnvoy() says what to do when there is none", () =>
  withFolder(async (folder) => {
    const found = await findEnvoy({ env: { PATH: "", HOME: folder }, download: false });
    assert.match(found.kind === "missing" ? found.reason : "", /PATH.*ENVOY_BIN/);
  }));
