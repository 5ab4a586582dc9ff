import assert from "node:assert/strict";
import { testPluginKind } from "../tests/suite/plugin_suite.ts";
import { bundledPlugins } from "./mod.ts";

for (const [name, load] of Object.entries(bundledPlugins)) {
  testPluginKind({ name, plugin: (await load()).default, folder: new URL(`${name}/`, import.meta.url) });
}

Deno.test("bundledPlugins has every folder beside it, by its name", async () => {
  const folders: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL(".", import.meta.url))) {
    if (isDirectory) folders.push(name);
  }
  assert.deepEqual(Object.keys(bundledPlugins).toSorted(), folders.toSorted());
});
