import { type Command, Option } from "commander";
import type { Translation } from "../author/translate.ts";
import { CLUSTER, LISTENER, ROUTE, SCOPED_ROUTE, SECRET, type TypeUrl, VIRTUAL_HOST } from "../cache/resource_type.ts";
import type { Config } from "../config/config.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { count } from "./count.ts";

interface Options {
  readonly config: string;
  readonly sessions: string;
  readonly diff?: string;
  readonly without?: string;
}

/** Where an Envoy of each layout looks; the other forms say the same. */
const TYPES: Readonly<Record<Config["delivery"]["routes"], readonly TypeUrl[]>> = {
  scoped: [LISTENER, CLUSTER, SCOPED_ROUTE, SECRET],
  rds: [LISTENER, CLUSTER, ROUTE, SECRET],
  vhds: [LISTENER, CLUSTER, ROUTE, VIRTUAL_HOST, SECRET],
};

/** `translate`: what Envoys would be told of sessions, without a Signalbox that runs. */
export function addTranslateCommand(parent: Command, io: CommandIo): void {
  parent.command("translate")
    .summary("print what Envoys would be told of sessions")
    .description(
      "Prints the resources that a config and its plugins make of sessions, as Envoy's YAML. With --diff or --without " +
        "only what differs: `-` is the other config, or without the plugin. Private keys and secrets are hidden.",
    )
    .requiredOption("-c, --config <file>", "the config file (YAML)")
    .requiredOption(
      "-s, --sessions <file>",
      "sessions as registered: one, a list, or what `sessions list --json` prints",
    )
    .addOption(new Option("--diff <file>", "compare with this config").conflicts("without"))
    .option("--without <plugin>", "compare with the config without this plugin")
    .addHelpText(
      "after",
      `
Example:
  signalbox sessions list --json > sessions.json
  signalbox translate --config signalbox.yaml --sessions sessions.json --without timeouts`,
    )
    .action((options: Options) => translateSessions(options, io));
}

async function translateSessions(options: Options, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { toYaml } = await import("../author/json_diff.ts");
  const config = await loadConfig(options.config);
  const translation = await translateWith(config, options);
  const other = await translateOther(config, options);
  if (other === undefined) io.out(toYaml(translation.resources));
  else await printDifferences(other, translation, io);
  const failed = Object.entries(translation.failures);
  if (failed.length === 0) return;
  const issues = failed.flatMap(([session, failures]) =>
    failures.map(({ plugin, hook, path, message }) => ({
      path: [session, plugin, hook, path].filter((part) => part !== undefined && part !== "").join(" "),
      message,
    }))
  );
  throw new SignalboxError("invalid_request", `Cannot make resources of ${count(failed.length, "session")}`, {
    issues,
  });
}

async function translateOther(config: Config, options: Options): Promise<Translation | undefined> {
  const { diff, without } = options;
  if (diff !== undefined) {
    const { loadConfig } = await import("../config/load_config.ts");
    return await translateWith(await loadConfig(diff), options);
  }
  if (without === undefined) return undefined;
  if (config.plugins.some(({ name }) => name === without)) return await translateWith(config, options, without);
  throw new SignalboxError(
    "not_found",
    `Cannot leave out plugin "${without}": ${options.config} has none of this name`,
  );
}

async function translateWith(config: Config, options: Options, without?: string): Promise<Translation> {
  const { assemble } = await import("../author/assemble.ts");
  const { translate } = await import("../author/translate.ts");
  const { SAMPLE_SECRET } = await import("../author/test_plugin.ts");
  const { PluginRuntime } = await import("../plugin/plugin_runtime.ts");
  const { bundledPlugins } = await import("../../plugins/mod.ts");
  const { listenersOf, readSessions, secretPlaces } = await import("./offline_input.ts");
  const { sessionSecrets, plugins, delivery } = config;
  const sessions = await readSessions(options.sessions, config);
  using runtime = new PluginRuntime({
    ...{ invalidate: () => {}, sessionSecrets },
    clusterSecrets: secretPlaces(config),
    sampleSecrets: { of: "cluster", text: SAMPLE_SECRET },
  });
  const { shared, pipeline } = await assemble({
    ...{ plugins, bundled: bundledPlugins, runtime, layout: delivery, listeners: listenersOf(config), without },
  });
  const { result, redact } = runtime.revealed.record(() =>
    runtime.reads.record(() => translate({ shared, pipeline, sessions, types: TYPES[delivery.routes], redact: true }))
      .result
  );
  return redact(result);
}

async function printDifferences(before: Translation, after: Translation, io: CommandIo): Promise<void> {
  const { diffJson } = await import("../author/json_diff.ts");
  const types = new Set([...Object.keys(before.resources), ...Object.keys(after.resources)]);
  for (const type of types) {
    const [old = {}, now = {}] = [before.resources[type], after.resources[type]];
    for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
      const lines = diffJson(old[name], now[name]);
      if (lines.length > 0) io.out(`${type} ${name}\n${lines.map((line) => `  ${line}\n`).join("")}`);
    }
  }
}
