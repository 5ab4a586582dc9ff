import type { Command } from "commander";
import type { CommandIo } from "./command_io.ts";

/** `serve`: Signalbox itself, until a signal stops it. */
export function addServeCommand(parent: Command, io: CommandIo): void {
  parent.command("serve")
    .summary("run Signalbox")
    .description("Runs Signalbox until SIGINT or SIGTERM; a second signal ends it at once.")
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .addHelpText("after", "\nExample:\n  signalbox serve --config signalbox.yaml")
    .action((options: { config: string }) => serve(options.config, io));
}

async function serve(configPath: string, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const config = await loadConfig(configPath);
  // Before the start, so that a signal during it stops as orderly as one after it.
  const stopped = io.untilStopped();
  const signalbox = await io.createSignalbox(config);
  await stopped;
  await signalbox.close();
}
