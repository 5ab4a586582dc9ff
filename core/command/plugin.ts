import type { Command } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { BundleOptions } from "./bundle_plugin.ts";
import type { CommandIo } from "./command_io.ts";
import { count } from "./count.ts";
import { TEST_COMMAND, type TestLine, type TestOutcome } from "./test_plugin.ts";
import { timeLimitOption } from "./time_limit_option.ts";

/** `plugin`: what authors of plugins need. */
export function addPluginCommand(parent: Command, io: CommandIo): void {
  const plugin = parent.command("plugin")
    .summary("make, test and bundle plugins")
    .description("Makes, tests and bundles plugins. How to write one: plugins/README.md.")
    .helpCommand(false)
    .addHelpText("after", "\nExample:\n  signalbox plugin new tenant && signalbox plugin test tenant");

  plugin.command("new")
    .description("Makes a folder with a plugin that works, its test, and the types to write it with.")
    .argument("<folder>", "the folder to make, named after the plugin")
    .addHelpText("after", "\nExample:\n  signalbox plugin new tenant")
    .action((folder: string) => create(folder, io));

  plugin.command("test")
    .summary("test a plugin")
    .description(
      "Tests a plugin: that its samples are built, always the same, and what its plugin_test.ts says; in a process of its own, so " +
        "that a test that never ends, or takes over 1 GiB of memory, is found out.",
    )
    .argument("[folder]", "the plugin's folder, or its file", ".")
    .addOption(timeLimitOption("what any one test may take"))
    .addHelpText("after", "\nExample:\n  signalbox plugin test tenant")
    .action((folder: string, options: TestOptions) => test(folder, options, io));

  plugin.command("bundle")
    .description("Makes one JavaScript file of a plugin, and prints how a config takes that very file.")
    .argument("[folder]", "the plugin's folder, or its file", ".")
    .option("-o, --out <file>", "the file to write (default: the plugin's name and .js)")
    .addHelpText("after", "\nExample:\n  signalbox plugin bundle tenant --out tenant.js")
    .action(async (folder: string, options: BundleOptions) => {
      const { bundlePlugin } = await import("./bundle_plugin.ts");
      await bundlePlugin(folder, options, io);
    });
}

async function create(folder: string, io: CommandIo): Promise<void> {
  const { basename, resolve } = await import("node:path");
  const { pluginName } = await import("../config/config_schema.ts");
  const { createPluginFolder } = await import("../author/new_plugin.ts");
  const name = basename(resolve(folder));
  const [issue] = pluginName.safeParse(name).error?.issues ?? [];
  if (issue) throw new SignalboxError("invalid_request", `Cannot call a plugin "${name}": the name ${issue.message}`);
  const names = await createPluginFolder(folder);
  io.out(`${folder} made: ${names.join(", ")}\nNext: signalbox plugin test ${folder}\n`);
}

interface TestOptions {
  /** In milliseconds. */
  readonly timeLimit: number;
}

async function test(folder: string, { timeLimit }: TestOptions, io: CommandIo): Promise<void> {
  const { resolve } = await import("node:path");
  const { runApart } = await import("./run_apart.ts");
  let [passed, failed] = [0, 0];
  const report = ({ name, ms, error }: TestOutcome) => {
    if (error === undefined) passed++;
    else failed++;
    io.out(`${error === undefined ? "ok    " : "FAILED"} ${name} (${ms} ms)\n`);
    if (error !== undefined) io.out(`${error.replace(/^/gm, "       ")}\n`);
  };
  let running: { readonly name: string; readonly sinceMs: number } | undefined;
  let ended = false;
  const reason = await runApart<TestLine>([TEST_COMMAND, resolve(folder)], {
    stepMs: timeLimit,
    onLine(line) {
      if (line.kind === "begin") running = { name: line.name, sinceMs: performance.now() };
      else if (line.kind === "result") report(line.result);
      else ended = true;
    },
    onPrinted: (text, to) => io[to](text),
  }) ?? "ended the process";
  if (!ended) {
    const { name, sinceMs } = running ?? { name: "the tests begin", sinceMs: performance.now() };
    const ms = Math.round(performance.now() - sinceMs);
    report({ name, ms, error: `${reason}; what comes after it was not run` });
  }
  io.out(`${passed} passed, ${failed} failed\n`);
  if (failed > 0) {
    throw new SignalboxError("invalid_request", `Cannot vouch for "${folder}": ${count(failed, "test")} failed`);
  }
}
