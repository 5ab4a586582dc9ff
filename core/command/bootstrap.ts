import { type Command, Option } from "commander";
import type { Config } from "../config/config.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { BOOTSTRAP_MODES, buildEnvoyBootstrap } from "./envoy_bootstrap.ts";
import type { EnvoyTls } from "./envoy_tls.ts";
import { buildGrpcBootstrap } from "./grpc_bootstrap.ts";
import { type HostPort, parseHostPort, reachable } from "./host_port.ts";
import { optionParser } from "./option_parser.ts";

const MODES = [...BOOTSTRAP_MODES, "grpc"] as const;

interface Options {
  readonly mode: typeof MODES[number];
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
  readonly out?: string;
  readonly format: "yaml" | "json";
}

/** `bootstrap`: the file that an Envoy is started with. */
export function addBootstrapCommand(parent: Command, io: CommandIo): void {
  parent.command("bootstrap")
    .summary("print the bootstrap that Envoy, or a gRPC client, is started with")
    .description("Prints the bootstrap of Envoy, or of gRPC clients: where Signalbox is, and how to ask it.")
    .addOption(
      new Option(
        "-m, --mode <mode>",
        "how Envoy asks: ADS incrementally, ADS with all of a type, or REST polling; grpc: for gRPC clients without Envoy",
      ).choices(MODES).default("delta"),
    )
    .option("-c, --config <file>", "the config file, for Signalbox's address and for what Envoy is to ask for")
    .option("--xds <host:port>", "Signalbox's address as Envoy sees it", optionParser(parseHostPort))
    .option("--node-id <id>", "Envoy's own name; each has another", "envoy-1")
    .option("--cluster <name>", "the name that Envoys of one kind share", "signalbox")
    .option("--admin-port <port>", "Envoy's admin port, on 127.0.0.1", optionParser(parsePort), 9901)
    .option("--ca <path>", "where Envoy finds who signed Signalbox's certificate (PEM); without it: cleartext")
    .option("--cert <path>", "where Envoy finds its own certificate (PEM)")
    .option("--key <path>", "where Envoy finds its private key (PEM)")
    .option("--server-name <name>", "the name in Signalbox's certificate, where it is not the host of --xds")
    .option("--token <token>", "what Envoy shows Signalbox (default: SIGNALBOX_TOKEN); it stands in what is printed")
    .option("-o, --out <file>", "write it to this file, for which there is no shell in a container")
    .addOption(
      new Option("--format <format>", "how to print it; grpc is always JSON").choices(["yaml", "json"]).default("yaml"),
    )
    .addHelpText(
      "after",
      `
Example:
  signalbox bootstrap --config signalbox.yaml > envoy.yaml
  envoy -c envoy.yaml
  signalbox bootstrap --config signalbox.yaml --mode grpc > xds.json
  GRPC_XDS_BOOTSTRAP=xds.json my-client xds:///session-123.example.org`,
    )
    .action((options: Options) => bootstrap(options, io));
}

async function bootstrap(options: Options, io: CommandIo): Promise<void> {
  const token = options.token ?? io.env("SIGNALBOX_TOKEN");
  const content = await build(options, token);
  // gRPC reads no YAML.
  const text = options.format === "json" || options.mode === "grpc"
    ? `${JSON.stringify(content, null, 2)}\n`
    : (await import("./yaml_text.ts")).formatYaml(content);
  if (options.out === undefined) return io.out(text);
  // A token is for Envoy's eyes alone.
  await write(options.out, text, token === undefined ? 0o644 : 0o600);
}

async function build(options: Options, token: string | undefined): Promise<unknown> {
  const config = await readConfig(options.config);
  if (config) await refuseMode(options, config);
  refuseWithoutPlace(options);
  const known = serverOf(options, config);
  const server = options.xds ?? known;
  const tls = tlsOf(options, server.host);
  if (!tls && known.tls) {
    const message = `Cannot tell how ${clientOf(options)} trusts Signalbox: ${options.config} has TLS; give --ca`;
    throw new SignalboxError("invalid_config", message);
  }
  const { mode, nodeId, cluster: nodeCluster, adminPort } = options;
  if (mode === "grpc") return buildGrpcBootstrap({ server, nodeId, nodeCluster, ...(tls && { tls }) });
  return buildEnvoyBootstrap({
    ...{ mode, server, nodeId, nodeCluster, adminPort },
    ...(tls && { tls }),
    ...(mode !== "rest" && token !== undefined && { token }),
  });
}

async function write(file: string, text: string, mode: number): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  try {
    await writeFile(file, text, { mode });
  } catch (thrown) {
    const { fileFailure } = await import("../file_failure.ts");
    throw new SignalboxError("invalid_request", `Cannot write "${file}": ${fileFailure(thrown)}`, { cause: thrown });
  }
}

const clientOf = ({ mode }: Options) => mode === "grpc" ? "a gRPC client" : "Envoy";

/**
 * What is only in the delta protocol, Envoy would leave undone without a word. Who polls is given listeners that do
 * without it, but has no place for a token.
 */
async function refuseMode({ mode, config: path }: Options, { delivery, http }: Config): Promise<void> {
  const { isClosed } = await import("../config/exposure.ts");
  if (mode === "rest" && isClosed(http) && http.tls?.clientCa === undefined) {
    const text =
      `Cannot make a bootstrap of mode rest: ${path} wants tokens, and Envoy has no place for one when it polls`;
    throw new SignalboxError("invalid_config", `${text}; give http.tls.clientCa`);
  }
  if (mode !== "sotw") return;
  const { routes, clusters } = delivery;
  const problem = clusters === "on-demand" ? "clusters on-demand" : routes === "vhds" ? "routes vhds" : undefined;
  if (problem === undefined) return;
  const text = `Cannot make a bootstrap of mode sotw: ${path} has delivery.${problem}, which needs mode delta`;
  throw new SignalboxError("invalid_config", text);
}

function refuseWithoutPlace({ mode, token, serverName }: Options): void {
  if (token !== undefined && (mode === "rest" || mode === "grpc")) {
    const [what, who] = mode === "rest" ? ["polling", "Envoy has"] : ["mode grpc", "gRPC clients have"];
    throw new SignalboxError("invalid_config", `Cannot put a token into ${what}: ${who} no place for it; give --cert`);
  }
  if (serverName !== undefined && mode === "grpc") {
    throw new SignalboxError("invalid_config", "Cannot give gRPC clients another name than the host of --xds");
  }
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

async function readConfig(path: string | undefined): Promise<Config | undefined> {
  if (path === undefined) return undefined;
  const { loadConfig } = await import("../config/load_config.ts");
  return await loadConfig(path);
}

/** Signalbox as its config has it, and whether it wants TLS. */
function serverOf(
  { mode, config: path, xds }: Options,
  config: Config | undefined,
): HostPort & { readonly tls: boolean } {
  const key = mode === "rest" ? "http" : "xds";
  if (config === undefined) return { host: "127.0.0.1", port: mode === "rest" ? 8080 : 18000, tls: false };
  const { address, port, tls } = config[key];
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
