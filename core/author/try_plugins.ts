import type { HookSet } from "../plugin/hook_set.ts";
import type { Hook, HookName, Hooks } from "../plugin/hooks.ts";
import type { PluginRuntime } from "../plugin/plugin_runtime.ts";
import type { Session } from "../session/session.ts";
import { assemble, type AssembleOptions } from "./assemble.ts";
import { SAMPLE_REGISTRATIONS, sampleSession } from "./sample_sessions.ts";

/** What is about to be done: if nothing is heard after it, it is what does not end. */
export interface TrialStep {
  readonly plugin: string;
  readonly step: "load" | "setup" | HookName;
  readonly session?: string;
}

export interface TrialFailure {
  readonly session: string;
  readonly plugin?: string;
  /** Absent where it is about what the session says. */
  readonly hook?: string;
  readonly path: string;
  readonly message: string;
}

export interface TrialOptions extends Omit<AssembleOptions, "wrap" | "onStep" | "without"> {
  readonly runtime: PluginRuntime;
  /** Default: samples, with what the plugins' examples say. */
  readonly sessions?: readonly Session[] | undefined;
  /** Told before anything of a plugin is run. */
  readonly onStep: (step: TrialStep) => void;
}

export interface Trial {
  /** How many were built. */
  readonly sessions: number;
  readonly failures: readonly TrialFailure[];
}

/** Runs plugins as Signalbox would, over sessions. Throws `invalid_config` where Signalbox would not start with them. */
export async function tryPlugins(options: TrialOptions): Promise<Trial> {
  const { runtime, onStep } = options;
  let session: string | undefined;
  const announce = (plugin: string, step: TrialStep["step"]) =>
    onStep({ plugin, step, ...(session === undefined ? {} : { session }) });
  const { hookSets, pipeline } = await assemble({
    ...options,
    wrap: (set) => announced(set, announce),
    onStep: announce,
  });
  const sessions = options.sessions ?? sampleSessions(hookSets);
  const failures: TrialFailure[] = [];
  let built = 0;
  for (const each of sessions) {
    session = each.id;
    const { result, redact } = runtime.revealed.record(() => runtime.reads.record(() => pipeline.build(each)).result);
    if (result.ok) built++;
    const found = result.ok ? result.skipped ?? [] : result.failures;
    failures.push(...redact(found.map(({ cause: _, ...failure }) => ({ session: each.id, ...failure }))));
  }
  return { sessions: built, failures };
}

function announced(set: HookSet, announce: (plugin: string, hook: HookName) => void): HookSet {
  const around = (name: string, hook: Hook<(...args: never[]) => unknown>) => {
    const { run, ...order } = typeof hook === "function" ? { run: hook } : hook;
    const announcing = (...args: never[]) => {
      announce(set.plugin, name as HookName);
      return run(...args);
    };
    return "order" in order ? { ...order, run: announcing } : announcing;
  };
  const hooks = Object.entries(set.hooks).map(([name, hook]) => [name, around(name, hook as never)]);
  // Each is what it was, and says that it begins.
  return { ...set, hooks: Object.fromEntries(hooks) as Hooks<never> };
}

/** Sessions of every shape, each with what the first, the second … example of every plugin says. */
function sampleSessions(hookSets: readonly HookSet[]): readonly Session[] {
  const rounds = Math.max(1, ...hookSets.map(({ sampleInputs = [] }) => sampleInputs.length));
  return Array.from({ length: rounds }, (_, round) => {
    const said = hookSets.flatMap(({ plugin, sampleInputs = [] }) => {
      const input = sampleInputs[round % sampleInputs.length];
      return input === undefined ? [] : [[plugin, input] as const];
    });
    return SAMPLE_REGISTRATIONS.map((registration) =>
      sampleSession({ ...registration, id: `${registration.id}-${round + 1}`, plugins: Object.fromEntries(said) })
    );
  }).flat();
}
