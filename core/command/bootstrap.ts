import { type Command, Option } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { BOOTSTRAP_MODES, type BootstrapMode, buildEnvoyBootstrap } from "./envoy_bootstrap.ts";
import type { EnvoyTls } from "./envoy_tls.ts";
import { type HostPort, parseHostPort, reachable } from "./host_port.ts";
import { optionParser } from "./option_parser.ts";

interface Options {
  readonly mode: BootstrapMode;
  readonly config?: string;
  readonly xds?: HostPort;
  readonly nodeId: string;
  readonly cluster: string;
  readonly adminPort: number;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly serverName?: string;
  readonly token?: string;
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
    .option("--ca <path>", "where Envoy finds who signed Signalbox's certificate (PEM); without it: cleartext")
    .option("--cert <path>", "where Envoy finds its own certificate (PEM)")
    .option("--key <path>", "where Envoy finds its private key (PEM)")
    .option("--server-name <name>", "the name in Signalbox's certificate, where it is not the host of --xds")
    .option("--token <token>", "what Envoy shows Signalbox (default: SIGNALBOX_TOKEN); it stands in what is printed")
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
  const known = await readServer(options);
  const server = options.xds ?? known;
  const { mode } = options;
  const token = options.token ?? io.env("SIGNALBOX_TOKEN");
  if (mode === "rest" && options.token !== undefined) {
    throw new SignalboxError(
      "invalid_config",
      "Cannot put a token into polling: Envoy has no place for it; give --cert",
    );
  }
  const tls = tlsOf(options, server.host);
  if (!tls && known.tls) {
    const message = `Cannot tell how Envoy trusts Signalbox: ${options.config} has TLS; give --ca`;
    throw new SignalboxError("invalid_config", message);
  }
  const content = buildEnvoyBootstrap({
    mode,
    server,
    nodeId: options.nodeId,
    nodeCluster: options.cluster,
    adminPort: options.adminPort,
    ...(tls && { tls }),
    ...(mode !== "rest" && token !== undefined && { token }),
  });
  if (options.format === "json") {
    io.out(`${JSON.stringify(content, null, 2)}\n`);
    return;
  }
  const { stringify } = await import("yaml");
  io.out(stringify(content, { aliasDuplicateObjects: false }));
}

function tlsOf({ ca, cert, key, serverName }: Options, host: string): EnvoyTls | undefined {
  if ((cert === undefined) !== (key === undefined)) {
    throw new SignalboxError("invalid_config", "Cannot give Envoy a certificate: --cert and --key go together");
  }
  if (ca === undefined && (cert ?? serverName) !== undefined) {
    throw new SignalboxError("invalid_config", "Cannot use TLS without knowing whom to trust: give --ca");
  }
  if (ca === undefined) return undefined;
  return {
    ca,
    serverName: serverName ?? host,
    ...(cert !== undefined && key !== undefined && { client: { cert, key } }),
  };
}

/** Signalbox as its config has it, and whether it wants TLS. */
async function readServer({ mode, config: path, xds }: Options): Promise<HostPort & { readonly tls: boolean }> {
  const key = mode === "rest" ? "http" : "xds";
  if (path === undefined) return { host: "127.0.0.1", port: mode === "rest" ? 8080 : 18000, tls: false };
  const { loadConfig } = await import("../config/load_config.ts");
  const { address, port, tls } = (await loadConfig(path))[key];
  if (port === 0 && xds === undefined) {
    throw new SignalboxError("invalid_config", `Cannot tell Signalbox's port: ${path} has ${key}.port 0; give --xds`);
  }
  return { host: reachable(address), port, tls: tls !== undefined };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port < 0 || port > 65535) throw new RangeError("It must be 0 to 65535.");
  return port;
}
