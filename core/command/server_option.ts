import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import { fileFailure } from "../file_failure.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { optionParser } from "./option_parser.ts";
import type { TasksClient } from "./tasks_client.ts";

/** Options of every command that talks to a Signalbox that runs. What is absent is taken from the environment. */
export interface ServerOptions {
  readonly url?: string;
  /** A file in PEM: whose certificate the server may have. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  readonly json?: true;
}

const DEFAULT_URL = "http://127.0.0.1:8080";

export function addServerOptions(command: Command): Command {
  return command
    .option(
      "-u, --url <url>",
      `Signalbox's HTTP address (default: SIGNALBOX_URL, else ${DEFAULT_URL})`,
      optionParser(parseUrl),
    )
    .option("--token <token>", "bearer token (default: SIGNALBOX_TOKEN, which no list of processes shows)")
    .option("--ca <file>", "PEM file of who signed Signalbox's certificate (default: SIGNALBOX_CA, else the system's)")
    .option("--cert <file>", "PEM file of the client's certificate (default: SIGNALBOX_CERT)")
    .option("--key <file>", "PEM file of its private key (default: SIGNALBOX_KEY)")
    .option("--json", "print JSON, as the server has it");
}

/**
 * The tasks API of the Signalbox that the options, or the environment, name. Throws `invalid_config` where a file cannot be
 * used.
 */
export async function connect(options: ServerOptions, io: CommandIo): Promise<TasksClient> {
  const url = options.url ?? urlOfEnvironment(io) ?? DEFAULT_URL;
  const token = options.token ?? io.env("SIGNALBOX_TOKEN");
  const ca = await read(options.ca ?? io.env("SIGNALBOX_CA"));
  const cert = await read(options.cert ?? io.env("SIGNALBOX_CERT"));
  const key = await read(options.key ?? io.env("SIGNALBOX_KEY"));
  if ((cert === undefined) !== (key === undefined)) {
    throw new SignalboxError("invalid_config", "Cannot show a certificate: --cert and --key go together");
  }
  const client = createClient({
    ...(ca !== undefined && { caCerts: [ca] }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
  });
  const { createTasksClient } = await import("./tasks_client.ts");
  return createTasksClient(url, {
    fetch(target, init) {
      const headers = new Headers(init.headers);
      if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
      return io.fetch(target, { ...init, headers, ...(client && { client }) });
    },
  });
}

function createClient(
  options: Deno.CreateHttpClientOptions | (Deno.CreateHttpClientOptions & Deno.TlsCertifiedKeyPem),
): Deno.HttpClient | undefined {
  if (Object.keys(options).length === 0) return undefined;
  try {
    return Deno.createHttpClient(options);
  } catch (cause) {
    const state = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError("invalid_config", `Cannot use the certificates: ${state}`, { cause });
  }
}

async function read(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    throw new SignalboxError("invalid_config", `Cannot read "${file}": ${fileFailure(thrown)}`, { cause: thrown });
  }
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
