import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SignalboxError } from "../signalbox_error.ts";
import { bundleModule } from "../plugin/bundle_module.ts";
import { createPluginFolder } from "./new_plugin.ts";
import { runPluginTests, type TestResult } from "./run_plugin_tests.ts";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function testsOf(folder: string): Promise<readonly TestResult[]> {
  return await Array.fromAsync(runPluginTests(folder));
}

Deno.test("createPluginFolder() makes a plugin whose tests pass, and which type-checks where nothing of Signalbox is", () =>
  withFolder(async (parent) => {
    const folder = join(parent, "tenant");
    assert.deepEqual(await createPluginFolder(folder), ["plugin.ts", "plugin_test.ts", "deno.json", ".signalbox"]);
    const results = await testsOf(folder);
    assert(results.length > 5);
    assert.deepEqual(results.filter(({ error }) => error !== undefined), []);
    for (const args of [["task", "check"], ["fmt", "--check"], ["lint"]]) {
      const env = { NO_COLOR: "1" };
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder, env }).output();
      assert(success, `${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
    }
  }));

Deno.test("createPluginFolder() makes types that refuse a mistake there too", () =>
  withFolder(async (folder) => {
    await createPluginFolder(folder);
    const file = join(folder, "plugin.ts");
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replace("input.tenant", "input.tenat"));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task", "check"], cwd: folder })
      .output();
    assert(!success);
    assert.match(new TextDecoder().decode(stderr), /'tenat' does not exist/);
  }));

Deno.test("createPluginFolder() overwrites nothing", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "mine.txt"), "mine");
    await assert.rejects(createPluginFolder(folder), { code: "invalid_request", message: /there is something in it$/ });
    await assert.rejects(createPluginFolder(join(folder, "mine.txt", "x")), SignalboxError);
  }));

Deno.test("runPluginTests() tells tests that fail, with what they threw", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "plugin.ts"), "export default { apiVersion: 1, setup: () => ({}) };");
    await Deno.writeTextFile(
      join(folder, "plugin_test.ts"),
      `export default {
        "passes": ({ testPlugin, secret }) => { if (typeof testPlugin + secret !== "functionsample-secret") throw 1; },
        "fails": async () => { await 1; throw new Error("not today"); },
      };`,
    );
    const results = (await testsOf(folder)).slice(-2);
    assert.deepEqual(results.map(({ name }) => name), ["passes", "fails"]);
    assert.deepEqual(results.map(({ error }) => error instanceof Error ? error.message : error), [
      undefined,
      "not today",
    ]);
  }));

Deno.test("runPluginTests() refuses what is no plugin, and tests that are none", () =>
  withFolder(async (folder) => {
    await assert.rejects(testsOf(folder), { code: "not_found" });
    await Deno.writeTextFile(join(folder, "plugin.js"), "export default { apiVersion: 1 };");
    await assert.rejects(testsOf(folder), { code: "invalid_request", message: /setup must be a function/ });
    await Deno.writeTextFile(join(folder, "plugin.ts"), "export default { apiVersion: 1, setup: () => ({}) };");
    await Deno.writeTextFile(join(folder, "plugin_test.ts"), "export default 5;");
    await assert.rejects(testsOf(folder), { message: /must be an object of functions$/ });
  }));

Deno.test("bundleModule() makes one module of a plugin, the same wherever the folder is", () =>
  withFolder(async (folder) => {
    for (const place of ["a", "b/c"]) {
      await Deno.mkdir(join(folder, place, "deep"), { recursive: true });
      await Deno.writeTextFile(
        join(folder, place, "plugin.ts"),
        `import type { Plugin } from "signalbox";
import { createHash } from "node:crypto";
import { name as statName } from "./deep/name.ts";
import table from "./table.json" with { type: "json" };
const name: string = createHash("sha256").update(statName + table.n).digest("hex");
export default { apiVersion: 1, setup: () => ({ cluster: (it) => ({ ...it, altStatName: name }) }) } satisfies Plugin;`,
      );
      await Deno.writeTextFile(join(folder, place, "deep/name.ts"), 'export const name: string = "deep";');
      await Deno.writeTextFile(join(folder, place, "table.json"), '{ "n": 7 }');
    }
    const [a, b] = [await bundleModule(join(folder, "a")), await bundleModule(join(folder, "b/c/plugin.ts"))];
    assert.deepEqual(a, b);
    assert(!a.code.includes(folder));
    assert.equal(a.sha256, createHash("sha256").update(a.code).digest("hex"));
    const file = join(folder, "bundle.js");
    await Deno.writeTextFile(file, a.code);
    const { default: plugin } = await import(`file://${file}`);
    const expected = createHash("sha256").update("deep7").digest("hex");
    assert.deepEqual(plugin.setup().cluster({ name: "x" }), { name: "x", altStatName: expected });
  }));

Deno.test("bundleModule() names every place that it cannot bundle", () =>
  withFolder(async (folder) => {
    await assert.rejects(bundleModule(join(folder, "none")), { code: "not_found" });
    await Deno.writeTextFile(
      join(folder, "plugin.ts"),
      'import { z } from "zod";\nimport x from "./none.ts";\nexport default { z, x };',
    );
    await assert.rejects(bundleModule(folder), (thrown) => {
      assert(thrown instanceof SignalboxError);
      assert.deepEqual(thrown.issues, [
        {
          path: "plugin.ts:1",
          message: '"zod" is not beside the plugin: it can import relative paths, node: and types',
        },
        { path: "plugin.ts:2", message: `cannot read "${join(folder, "none.ts")}": there is no such file` },
      ]);
      return true;
    });
    await Deno.writeTextFile(join(folder, "plugin.ts"), "export default {");
    await assert.rejects(bundleModule(folder), (thrown) => {
      assert(thrown instanceof SignalboxError);
      assert.equal(thrown.issues[0]?.path, "plugin.ts:1");
      return true;
    });
  }));
