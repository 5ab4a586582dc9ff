import { dirname, join } from "node:path";
import { findModule } from "../plugin/find_module.ts";
import { importModule } from "../plugin/load_module.ts";
import { readPlugin } from "../plugin/read_plugin.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { PluginTestKit } from "./plugin_tests.ts";
import { SAMPLE_SECRET, testPlugin } from "./test_plugin.ts";
import { pluginChecks } from "./verify_plugin.ts";

const TEST_FILES = ["plugin_test.ts", "plugin_test.js"] as const;

const KIT: PluginTestKit = { testPlugin, secret: SAMPLE_SECRET };

export interface TestResult {
  readonly name: string;
  readonly ms: number;
  /** What went wrong; absent where nothing did. */
  readonly error?: unknown;
}

/**
 * What is asked of every plugin, then the tests beside this one, one after the other. `onBegin` is told the name of what is
 * about to run. Throws where the plugin or its tests cannot be loaded.
 */
export async function* runPluginTests(
  from: string,
  onBegin: (name: string) => void = () => {},
): AsyncGenerator<TestResult> {
  const runTest = (name: string, run: () => unknown) => {
    onBegin(name);
    return timed(name, run);
  };
  const found = await findModule(from);
  if (!found.ok) throw new SignalboxError("not_found", `Cannot test "${from}": ${found.message}`);
  onBegin("the plugin is loaded");
  const plugin = readPlugin(await importModule(found.path));
  if (!plugin.ok) throw new SignalboxError("invalid_request", `Cannot test "${found.path}": ${plugin.message}`);
  for (const { name, run } of pluginChecks(plugin.value)) yield await runTest(name, run);
  onBegin("its tests are loaded");
  for (const [name, test] of Object.entries(await findTests(dirname(found.path)))) {
    yield await runTest(name, () => test(KIT));
  }
}

async function timed(name: string, run: () => unknown): Promise<TestResult> {
  const startedAtMs = performance.now();
  const took = () => Math.round(performance.now() - startedAtMs);
  try {
    await run();
    return { name, ms: took() };
  } catch (error) {
    return { name, ms: took(), error };
  }
}

async function findTests(folder: string): Promise<Readonly<Record<string, (kit: PluginTestKit) => unknown>>> {
  for (const name of TEST_FILES) {
    const found = await findModule(join(folder, name));
    if (!found.ok) continue;
    const { default: tests } = await importModule(found.path);
    const isTests = typeof tests === "object" && tests !== null &&
      Object.values(tests).every((test) => typeof test === "function");
    if (isTests) return tests as Record<string, (kit: PluginTestKit) => unknown>;
    const state = "its default export must be an object of functions";
    throw new SignalboxError("invalid_request", `Cannot run the tests of "${found.path}": ${state}`);
  }
  return {};
}
