import type { Command } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { optionParser } from "./option_parser.ts";
import type { TasksClient } from "./tasks_client.ts";

const DEFAULT_URL = "http://127.0.0.1:8080";

/** Options of every command that talks to a Signalbox that runs. */
export interface ServerOptions {
  readonly url?: string;
  readonly json?: true;
}

export function addServerOptions(command: Command): Command {
  return command
    .option(
      "-u, --url <url>",
      `Signalbox's HTTP address (default: SIGNALBOX_URL, else ${DEFAULT_URL})`,
      optionParser(parseUrl),
    )
    .option("--json", "print JSON, as the server has it");
}

/** The tasks API of the Signalbox that the options, or the environment, name. */
export async function connect({ url }: ServerOptions, io: CommandIo): Promise<TasksClient> {
  const { createTasksClient } = await import("./tasks_client.ts");
  return createTasksClient(url ?? urlOfEnvironment(io) ?? DEFAULT_URL, io);
}

function urlOfEnvironment(io: CommandIo): string | undefined {
  const url = io.env("SIGNALBOX_URL");
  if (url === undefined || isHttpUrl(url)) return url;
  throw new SignalboxError(
    "invalid_config",
    `Cannot use SIGNALBOX_URL "${url}": it must begin with http:// or https://`,
  );
}

function parseUrl(text: string): string {
  if (!isHttpUrl(text)) throw new RangeError("It must begin with http:// or https://.");
  return text;
}

function isHttpUrl(text: string): boolean {
  return /^https?:$/.test(URL.parse(text)?.protocol ?? "");
}
