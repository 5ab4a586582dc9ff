import type { Command } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

/** `check`: whether `serve` would start with this config. */
export function addCheckCommand(parent: Command, io: CommandIo): void {
  parent.command("check")
    .summary("check the config, its certificates and the store's place")
    .description("Checks the config file, that its certificates can be used, and that its store can be written.")
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .addHelpText("after", "\nExample:\n  signalbox check --config signalbox.yaml")
    .action((options: { config: string }) => check(options.config, io));
}

async function check(configPath: string, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { findStoreProblems, findTlsProblems } = await import("./config_files.ts");
  const config = await loadConfig(configPath);
  const issues = [...await findTlsProblems(config, Date.now()), ...await findStoreProblems(config)];
  if (issues.length > 0) {
    const lines = issues.map(({ path, message }) => `${configPath}: ${path}: ${message}`);
    throw new SignalboxError("invalid_config", lines.join("\n"), { issues });
  }
  io.out(`${configPath}: OK\n`);
}
