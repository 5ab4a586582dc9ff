import assert from "node:assert/strict";
import { join } from "node:path";
import { createPluginFolder } from "../core/author/new_plugin.ts";
import { pluginChecks } from "../core/author/verify_plugin.ts";
import { readPlugin } from "../core/plugin/read_plugin.ts";

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
