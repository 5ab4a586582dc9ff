import type { Command } from "commander";
import type { Config } from "../config/config.ts";
import { usesKubernetes } from "../config/uses_kubernetes.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { count } from "./count.ts";
import { timeLimitOption } from "./time_limit_option.ts";

interface Options {
  readonly config: string;
  readonly sessions?: string;
  /** In milliseconds. */
  readonly timeLimit: number;
  readonly insecure?: true;
}

/** `check`: whether `serve` would start with this config, and its plugins do their work. */
export function addCheckCommand(parent: Command, io: CommandIo): void {
  parent.command("check")
    .summary("check the config, its files, and its plugins")
    .description(
      "Checks the config file, that its certificates and its kubeconfig can be used, that its store can be written, and " +
        "that its plugins start and build sessions: in a process of their own, so that one that never ends is found out. Whether its " +
        "ports are free is not tried.",
    )
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .option("-s, --sessions <file>", "try the plugins on these sessions, one or a list, not on samples")
    .addOption(timeLimitOption("what any one step of a plugin may take"))
    .option("--insecure", "accept that anybody on the network may use it")
    .addHelpText("after", "\nExample:\n  signalbox check --config signalbox.yaml")
    .action((options: Options) => check(options, io));
}

async function check(options: Options, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { findAccessProblems, findStoreProblems } = await import("./config_files.ts");
  const { findExposures } = await import("../config/exposure.ts");
  const config = await loadConfig(options.config);
  const { issues: pluginIssues, tried } = await tryPlugins(config, options, io);
  const issues = [
    ...options.insecure ? [] : findExposures(config),
    ...await findAccessProblems(config, Date.now()),
    ...await findStoreProblems(config),
    ...await findKubernetesProblems(config),
    ...pluginIssues,
  ];
  if (issues.length > 0) {
    const lines = issues.map(({ path, message }) => `${options.config}: ${path}: ${message}`);
    throw new SignalboxError("invalid_config", lines.join("\n"), { issues });
  }
  io.out(`${options.config}: OK: ${[...partsOf(config), ...tried].join(", ")}; its ports were not tried\n`);
}

/** What was looked at, but for plugins. */
function partsOf(config: Config): readonly string[] {
  const { http, xds, grpc, listeners, store } = config;
  const servers = [http, xds, grpc];
  return [
    "config",
    ...[...servers, ...listeners].some(({ tls }) => tls !== undefined) ? ["certificates"] : [],
    ...servers.some(({ tokensFile }) => tokensFile !== undefined) ? ["tokens"] : [],
    ...store.kind === "sqlite" ? ["store"] : [],
    ...usesKubernetes(config) ? ["kubeconfig"] : [],
  ];
}

/** Of the kubeconfig alone: the cluster may be away when Signalbox starts, and is not asked. */
async function findKubernetesProblems(config: Config): Promise<readonly Issue[]> {
  if (!usesKubernetes(config)) return [];
  const { connectCluster } = await import("../connect_cluster.ts");
  try {
    (await connectCluster(config.kubernetes ?? {})).close();
    return [];
  } catch (thrown) {
    return SignalboxError.from(thrown).issues;
  }
}

interface PluginsTried {
  readonly issues: readonly Issue[];
  /** In words, as in `2 plugins on 8 sample sessions`. */
  readonly tried: readonly string[];
}

async function tryPlugins(
  { plugins }: Config,
  { config, sessions, timeLimit }: Options,
  io: CommandIo,
): Promise<PluginsTried> {
  if (plugins.length === 0) return { issues: [], tried: [] };
  const { tryPluginsApart } = await import("./plugin_trial.ts");
  const args = ["--config", config, ...(sessions === undefined ? [] : ["--sessions", sessions])];
  const { issues, notes, sessions: built } = await tryPluginsApart(args, { stepMs: timeLimit });
  for (const note of notes) io.err(`${config}: ${note}\n`);
  const noun = sessions === undefined ? "sample session" : "session";
  return { issues, tried: [`${count(plugins.length, "plugin")} on ${count(built, noun)}`] };
}
