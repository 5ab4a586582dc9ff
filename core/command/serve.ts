import type { Command } from "commander";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

/** `serve`: Signalbox itself, until a signal stops it. */
export function addServeCommand(parent: Command, io: CommandIo): void {
  parent.command("serve")
    .summary("run Signalbox")
    .description("Runs Signalbox until SIGINT or SIGTERM; a second signal ends it at once.")
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .option("--insecure", "start although anybody on the network may use it")
    .addHelpText("after", "\nExample:\n  signalbox serve --config signalbox.yaml")
    .action((options: ServeOptions) => serve(options, io));
}

interface ServeOptions {
  readonly config: string;
  readonly insecure?: true;
}

async function serve({ config: path, insecure }: ServeOptions, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const config = await loadConfig(path);
  if (!insecure) {
    const { findExposures } = await import("../config/exposure.ts");
    refuse(path, findExposures(config));
  }
  // Before the start, so that a signal during it stops as orderly as one after it.
  const stop = new AbortController();
  const stopped = io.untilStopped().then(() => stop.abort());
  const signalbox = await io.createSignalbox(config, stop.signal).catch((thrown: unknown) => {
    if (thrown === stop.signal.reason) return undefined;
    throw thrown;
  });
  await stopped;
  await signalbox?.close();
}

function refuse(path: string, issues: readonly Issue[]): void {
  if (issues.length === 0) return;
  const lines = issues.map((issue) => `${path}: ${issue.path}: ${issue.message}, or start with --insecure`);
  throw new SignalboxError("invalid_config", lines.join("\n"), { issues });
}
