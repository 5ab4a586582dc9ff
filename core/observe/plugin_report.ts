import { getLogger } from "@logtape/logtape";
import type { Metrics } from "./metrics.ts";

/** A hook that takes longer than this is worth a word: every change of a session waits for it. */
const HOOK_BUDGET_MS = 10;

/** A failure that is said again and again is logged once in this time, with how often it was. */
const REPEAT_MS = 60_000;

/** How many different failures are told apart. */
const MAX_REMEMBERED = 1_000;

/** As in `Failure` of the pipeline. */
export interface ReportedFailure {
  readonly plugin?: string;
  readonly hook?: string;
  readonly path: string;
  readonly message: string;
  readonly cause?: unknown;
}

/** What plugins cost and where they fail, as metrics and in the log. */
export interface PluginReport {
  /** As the pipeline's `HookClock`. */
  readonly clock: { now(): number; timer(plugin: string, hook: string): (ms: number) => void };
  /** Of one session, or of what all sessions share where there is no `session`. */
  failed(failures: readonly ReportedFailure[], session?: string): void;
}

const log = getLogger(["signalbox", "plugins"]);

export function createPluginReport(metrics: Metrics, now: () => number): PluginReport {
  const seen = new Map<string, { atMs: number; more: number }>();

  return {
    clock: {
      now,
      timer(plugin, hook) {
        const took = metrics.hookTimer(plugin, hook);
        let named = false;
        return (ms) => {
          took(ms);
          if (ms <= HOOK_BUDGET_MS || named) return;
          named = true;
          const budgetMs = HOOK_BUDGET_MS;
          log.warn("Hook {hook} of plugin {plugin} took {ms} ms; it should take {budgetMs} at most", {
            ...{ plugin, hook, ms: Math.round(ms), budgetMs },
          });
        };
      },
    },
    failed(failures, session) {
      for (const failure of failures) {
        const { plugin, hook } = failure;
        if (plugin === undefined) continue;
        metrics.pluginFailed(plugin, hook ?? "input");
        // What a session says is its caller's affair, who is told.
        if (hook === undefined) continue;
        logOnce(failure, session);
      }
    },
  };

  function logOnce({ plugin, hook, path, message, cause }: ReportedFailure, session: string | undefined): void {
    const key = JSON.stringify([plugin, hook, path, message]);
    const nowMs = now();
    const last = seen.get(key);
    if (last !== undefined && nowMs - last.atMs < REPEAT_MS) {
      last.more++;
      return;
    }
    if (seen.size >= MAX_REMEMBERED) seen.clear();
    seen.set(key, { atMs: nowMs, more: 0 });
    // Not "message": a line of JSON has one already.
    log.error("Plugin {plugin} failed in {hook}: {reason}", {
      ...{ plugin, hook, reason: message },
      ...(path === "" ? {} : { path }),
      ...(session === undefined ? {} : { session }),
      ...(last === undefined || last.more === 0 ? {} : { timesSinceLastLogged: last.more }),
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
