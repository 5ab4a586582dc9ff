import assert from "node:assert/strict";
import { pluginChecks } from "../../core/author/verify_plugin.ts";
import type { AnyPlugin } from "../../core/plugin/read_plugin.ts";

export interface BundledPlugin {
  readonly name: string;
  readonly plugin: AnyPlugin;
  readonly folder: URL;
}

/** What every plugin does that comes with Signalbox. Registers its tests by `Deno.test`. */
export function testPluginKind({ name, plugin, folder }: BundledPlugin): void {
  for (const { name: what, run } of pluginChecks(plugin)) Deno.test(`${name}: ${what}`, run);

  Deno.test(`${name}: shows by examples what may be configured and said`, () => {
    const { examples = [], config, session } = plugin;
    assert(examples.length > 0);
    if (config !== undefined) assert(examples.some((example) => example.config !== undefined));
    if (session !== undefined) assert(examples.some((example) => example.session !== undefined));
  });

  Deno.test(`${name}: is described and tested beside its code`, async () => {
    const readme = await Deno.readTextFile(new URL("README.md", folder));
    assert.match(readme, new RegExp(`^# ${name}\n`));
    assert((await Deno.stat(new URL("plugin_test.ts", folder))).isFile);
  });
}
