import type { Command } from "commander";
import type { TrialFailure } from "../author/try_plugins.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { type PluginTrial, TRIAL_COMMAND, type TrialLine } from "./plugin_trial.ts";
import { workApart } from "./run_apart.ts";

interface Options {
  readonly config: string;
  readonly sessions?: string;
}

/** `try-plugins`, which `check` runs as a process of its own: tries a config's plugins, and says so line by line. */
export function addTryPluginsCommand(parent: Command, io: CommandIo): void {
  parent.command(TRIAL_COMMAND, { hidden: true })
    .requiredOption("-c, --config <file>")
    .option("-s, --sessions <file>")
    .action((options: Options) =>
      workApart<TrialLine>(io, async (say) => say({ kind: "end", trial: await tryConfig(options, say) }))
    );
}

async function tryConfig(
  { config: path, sessions: sessionsPath }: Options,
  say: (line: TrialLine) => void,
): Promise<PluginTrial> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { tryPlugins } = await import("../author/try_plugins.ts");
  const { SAMPLE_SECRET } = await import("../author/test_plugin.ts");
  const { PluginRuntime } = await import("../plugin/plugin_runtime.ts");
  const { bundledPlugins } = await import("../../plugins/mod.ts");
  const { listenersOf, readSessions, secretPlaces } = await import("./offline_input.ts");
  const config = await loadConfig(path);
  const { plugins, sessionSecrets, delivery } = config;
  const sessions = sessionsPath === undefined ? undefined : await readSessions(sessionsPath, config);
  using runtime = new PluginRuntime({
    invalidate: () => {},
    sessionSecrets,
    clusterSecrets: secretPlaces(config),
    // Samples refer to what exists nowhere. No cluster is asked.
    sampleSecrets: { of: sessions === undefined ? "sessions" : "cluster", text: SAMPLE_SECRET },
  });
  try {
    const { sessions: count, failures } = await tryPlugins({
      ...{
        plugins,
        bundled: bundledPlugins,
        runtime,
        sessions,
        layout: delivery,
        listeners: listenersOf(config),
      },
      onStep: (step) => say({ kind: "step", step }),
    });
    // A sample that says too little to a plugin is no fault of the config.
    const isUntried = ({ hook, plugin }: TrialFailure) => sessions === undefined && plugin !== undefined && !hook;
    const issues = unique(failures.filter((failure) => !isUntried(failure)).map(toIssue));
    const untried = unique(failures.filter(isUntried).map(toIssue));
    return { sessions: count, issues, notes: untried.map(({ path, message }) => `not tried: ${path}: ${message}`) };
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError) || thrown.code !== "invalid_config") throw thrown;
    // What is wrong with a listener has its path in the listener.
    const ofConfig = thrown.issues.length > 0 && thrown.issues.every(({ path }) => path.startsWith("plugins["));
    const issues = ofConfig ? thrown.issues : [{ path: "plugins", message: thrown.message }];
    return { sessions: 0, issues, notes: [] };
  }
}

function toIssue({ session, plugin, hook, path, message }: TrialFailure): Issue {
  const place = [
    ...(plugin === undefined ? [] : [`plugin ${plugin}`]),
    ...(hook === undefined ? [] : [`hook ${hook}`]),
    `session ${session}`,
  ];
  return { path: place.join(", "), message: path === "" ? message : `${path}: ${message}` };
}

/** One of each message: what fails, mostly fails on every session. */
function unique(issues: readonly Issue[]): readonly Issue[] {
  return Array.from(new Map(issues.toReversed().map((issue) => [issue.message, issue])).values()).reverse();
}
