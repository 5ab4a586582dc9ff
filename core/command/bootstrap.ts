import { type Command, Option } from "commander";
import type { ListenAddress } from "../config/config.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { BOOTSTRAP_MODES, type BootstrapMode, buildEnvoyBootstrap } from "./envoy_bootstrap.ts";
import { type HostPort, parseHostPort } from "./host_port.ts";
import { optionParser } from "./option_parser.ts";

interface Options {
  readonly mode: BootstrapMode;
  readonly config?: string;
  readonly xds?: HostPort;
  readonly nodeId: string;
  readonly cluster: string;
  readonly adminPort: number;
  readonly format: "yaml" | "json";
}

/** `bootstrap`: the file that an Envoy is started with. */
export function addBootstrapCommand(parent: Command, io: CommandIo): void {
  parent.command("bootstrap")
    .summary("print the bootstrap that Envoy is started with")
    .description("Prints Envoy's bootstrap: where Signalbox is, and how to ask it.")
    .addOption(
      new Option("-m, --mode <mode>", "how Envoy asks: ADS incrementally, ADS with all of a type, or REST polling")
        .choices(BOOTSTRAP_MODES).default("delta"),
    )
    .option("-c, --config <file>", "take Signalbox's address from this config file")
    .option("--xds <host:port>", "Signalbox's address as Envoy sees it", optionParser(parseHostPort))
    .option("--node-id <id>", "Envoy's own name", "envoy-1")
    .option("--cluster <name>", "the name that Envoys of one kind share", "signalbox")
    .option("--admin-port <port>", "Envoy's admin port, on 127.0.0.1", optionParser(parsePort), 9901)
    .addOption(new Option("--format <format>", "how to print it").choices(["yaml", "json"]).default("yaml"))
    .addHelpText(
      "after",
      `
Example:
  signalbox bootstrap --config signalbox.yaml > envoy.yaml
  envoy -c envoy.yaml`,
    )
    .action((options: Options) => bootstrap(options, io));
}

async function bootstrap(options: Options, io: CommandIo): Promise<void> {
  const content = buildEnvoyBootstrap({
    mode: options.mode,
    server: options.xds ?? await serverOf(options),
    nodeId: options.nodeId,
    nodeCluster: options.cluster,
    adminPort: options.adminPort,
  });
  if (options.format === "json") {
    io.out(`${JSON.stringify(content, null, 2)}\n`);
    return;
  }
  const { stringify } = await import("yaml");
  io.out(stringify(content, { aliasDuplicateObjects: false }));
}

async function serverOf({ mode, config: path }: Options): Promise<HostPort> {
  const key = mode === "rest" ? "http" : "xds";
  if (path === undefined) return { host: "127.0.0.1", port: mode === "rest" ? 8080 : 18000 };
  const { loadConfig } = await import("../config/load_config.ts");
  const { address, port }: ListenAddress = (await loadConfig(path))[key];
  if (port === 0) {
    throw new SignalboxError("invalid_config", `Cannot tell Signalbox's port: ${path} has ${key}.port 0; give --xds`);
  }
  return { host: reachable(address), port };
}

/** "All addresses" is nothing to connect to; an Envoy elsewhere needs `--xds` anyway. */
function reachable(address: string): string {
  if (address === "0.0.0.0") return "127.0.0.1";
  return address === "::" ? "::1" : address;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new RangeError("It must be 0 to 65535.");
  return port;
}
