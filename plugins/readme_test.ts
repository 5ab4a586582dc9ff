import assert from "node:assert/strict";
import { join } from "node:path";
import { createPluginFolder } from "../core/author/new_plugin.ts";
import { SAMPLE_SECRET, testPlugin } from "../core/author/test_plugin.ts";
import { pluginChecks } from "../core/author/verify_plugin.ts";
import { importBytes } from "../core/plugin/load_module.ts";
import type { Plugin } from "../core/plugin/plugin.ts";
import { type AnyPlugin, readPlugin } from "../core/plugin/read_plugin.ts";

/** The plugins that the text has in full. */
async function pluginsIn(file: string): Promise<readonly string[]> {
  const text = await Deno.readTextFile(new URL(file, import.meta.url));
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
}

Deno.test("every plugin of the documentation type-checks and does as a plugin should", async (test) => {
  const plugins = [...await pluginsIn("README.md"), ...await pluginsIn("../README.md")];
  assert(plugins.length > 5);
  const folder = await Deno.makeTempDir();
  try {
    await createPluginFolder(folder);
    const files = plugins.map((_, index) => `example_${index + 1}.ts`);
    for (const [index, file] of files.entries()) await Deno.writeTextFile(join(folder, file), plugins[index] ?? "");
    await test.step("types", async () => {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["check", ...files], cwd: folder })
        .output();
      assert(success, new TextDecoder().decode(stderr));
    });
    for (const file of files) {
      await test.step(file, async () => {
        const plugin = readPlugin(await import(`file://${join(folder, file)}`));
        assert(plugin.ok, plugin.ok ? "" : plugin.message);
        for (const { run } of pluginChecks(plugin.value)) await run();
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the README's plugin gives the pod what the README's session says, and refuses a session that says nothing", async () => {
  const text = await Deno.readTextFile(new URL("../README.md", import.meta.url));
  const [code = ""] = await pluginsIn("../README.md");
  const name = /^plugins: \[\{ name: ([\w-]+),/m.exec(text)?.[1] ?? "";
  const blocks = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = ""]) => json);
  const { plugins, ...registration } = JSON.parse(blocks.find((json) => json.includes(`"${name}"`)) ?? "{}");
  const plugin = readPlugin(await importBytes(new TextEncoder().encode(code), "application/typescript"));
  assert(plugin.ok);
  using tested = await testPlugin(plugin.value as AnyPlugin as Plugin, { name });
  const { routes } = tested.build({ ...registration, plugins });
  const added = routes[0]?.requestHeadersToAdd?.map(({ header }) => header);
  assert.deepEqual(added, [{ key: "authorization", value: `Bearer ${SAMPLE_SECRET}` }]);
  assert.deepEqual(tested.failures(registration).map(({ path }) => path), [`plugins.${name}`]);
});
