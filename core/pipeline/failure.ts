import type { HookName } from "../plugin/hooks.ts";
import type { Issue } from "../signalbox_error.ts";

/** What is wrong with what was made of a session, and where. */
export interface Failure extends Issue {
  /** Whose fault it is; absent where it is no plugin's. */
  readonly plugin?: string;
  /** Absent where it is about what the session says to the plugin. */
  readonly hook?: HookName;
  /** What the hook threw, for the log. */
  readonly cause?: unknown;
}

/** Thrown inside the pipeline, and turned into data at its edge. */
export class HookFailure extends Error {
  override readonly name = "HookFailure";
  readonly plugin: string;
  readonly hook: HookName;
  readonly failures: readonly Failure[];

  constructor(at: { readonly plugin: string; readonly hook: HookName }, issues: readonly Issue[], cause?: unknown) {
    const { plugin, hook } = at;
    const text = issues.map(({ path, message }) => path === "" ? message : `${path}: ${message}`).join("; ");
    super(`Plugin "${plugin}" failed in "${hook}": ${text}`, cause === undefined ? undefined : { cause });
    this.plugin = plugin;
    this.hook = hook;
    this.failures = issues.map((issue) => ({ plugin, hook, ...issue, ...(cause === undefined ? {} : { cause }) }));
  }
}
