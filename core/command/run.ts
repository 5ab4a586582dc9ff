import { Command, CommanderError } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import { addBootstrapCommand } from "./bootstrap.ts";
import { addCheckCommand } from "./check.ts";
import type { CommandIo } from "./command_io.ts";
import { addDevCommand } from "./dev.ts";
import { addExplainCommand } from "./explain.ts";
import { addHealthCommand } from "./health.ts";
import { addPluginCommand } from "./plugin.ts";
import { addInstallCommand } from "./install.ts";
import { addServeCommand } from "./serve.ts";
import { addSessionsCommand } from "./sessions.ts";
import { addTestPluginCommand } from "./test_plugin.ts";
import { addTokenCommand } from "./token.ts";
import { addTranslateCommand } from "./translate.ts";
import { addTryPluginsCommand } from "./try_plugins.ts";
import { explainUsageErrors } from "./usage_errors.ts";
import { VERSION } from "./version.ts";

/** Exit codes: 0 done, 1 failed, 2 not understood. */
type ExitCode = 0 | 1 | 2;

/** In the order that `--help` lists them. What a command needs beyond this it imports when it runs. */
const COMMANDS: readonly ((parent: Command, io: CommandIo) => void)[] = [
  addServeCommand,
  addCheckCommand,
  addBootstrapCommand,
  addSessionsCommand,
  addExplainCommand,
  addTranslateCommand,
  addPluginCommand,
  addTokenCommand,
  addHealthCommand,
  addTryPluginsCommand,
  addTestPluginCommand,
  addInstallCommand,
  addDevCommand,
];

/** What an executable was made of. */
export interface Build {
  readonly commit?: string;
}

/** Runs the command that `args` (without the program's name) asks for. Never rejects. */
export async function run(args: readonly string[], io: CommandIo, { commit }: Build = {}): Promise<ExitCode> {
  const program = new Command("signalbox")
    .description("An Envoy control plane for sessions that come and go.")
    .version(`signalbox ${VERSION}${commit === undefined ? "" : ` (${commit})`}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .addHelpText(
      "after",
      `
Examples:
  signalbox serve --config signalbox.yaml
  signalbox bootstrap --config signalbox.yaml > envoy.yaml
  signalbox sessions add session-123 10.0.0.7:50051

Help of one command: signalbox COMMAND --help`,
    );
  for (const add of COMMANDS) add(program, io);
  explainUsageErrors(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (thrown) {
    // Commander has printed what it says by itself: help, the version, or what it does not understand.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    io.err(`error: ${describeFailure(thrown)}\n`);
    return 1;
  }
}

/** A stack only for what is a defect of ours. */
function describeFailure(thrown: unknown): string {
  if (!(thrown instanceof SignalboxError)) {
    return `defect: ${thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown)}`;
  }
  // Of a config file the message has a line an issue already, with file and line number.
  const isSaid = thrown.issues.length > 0 && thrown.issues.every(({ message }) => thrown.message.includes(message));
  if (thrown.code === "invalid_config" && isSaid) return `the config is not valid\n${thrown.message}`;
  const issues = thrown.issues.map(({ path, message }) => `\n  ${path === "" ? message : `${path}: ${message}`}`);
  return `${thrown.message}${issues.join("")}`;
}
