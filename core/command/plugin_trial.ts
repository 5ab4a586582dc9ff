import type { TrialStep } from "../author/try_plugins.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import { runApart } from "./run_apart.ts";

/** The hidden command that tries plugins in a process of its own, and says what it does line by line. */
export const TRIAL_COMMAND = "try-plugins";

/** What `try-plugins` says. */
export type TrialLine =
  | { readonly kind: "step"; readonly step: TrialStep }
  | { readonly kind: "end"; readonly trial: PluginTrial };

export interface PluginTrial {
  /** How many were built. */
  readonly sessions: number;
  readonly issues: readonly Issue[];
  /** What could not be tried. */
  readonly notes: readonly string[];
}

/** Tries the plugins of a config in another process. What one step may take is `stepMs`. */
export async function tryPluginsApart(
  args: readonly string[],
  { stepMs }: { readonly stepMs: number },
): Promise<PluginTrial> {
  let last: TrialStep | undefined;
  let end: PluginTrial | undefined;
  const reason = await runApart<TrialLine>([TRIAL_COMMAND, ...args], {
    stepMs,
    onLine(line) {
      if (line.kind === "end") end = line.trial;
      else last = line.step;
    },
  }) ?? "ended the process";
  if (end !== undefined) return end;
  if (last === undefined) throw new SignalboxError("internal", `Cannot try the plugins: it ${reason}`);
  return {
    sessions: 0,
    issues: [{ path: `plugin ${last.plugin}`, message: `${describe(last)} ${reason}` }],
    notes: [],
  };
}

function describe({ step, session }: TrialStep): string {
  if (step === "load") return "loading it";
  return `${step === "setup" ? "its setup" : `its hook "${step}"`}${
    session === undefined ? "" : ` on session "${session}"`
  }`;
}
