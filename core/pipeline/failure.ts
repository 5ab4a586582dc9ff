import type { Issue } from "../signalbox_error.ts";

/** Why a session has no fragment: what is wrong and where, and which plugin's hook did it, if one did. */
export interface Failure extends Issue {
  readonly plugin?: string;
  readonly hook?: string;
  /** What the hook threw, for the log. */
  readonly cause?: unknown;
}

/** Thrown inside the pipeline, and turned into data at its edge. */
export class HookFailure extends Error {
  override readonly name = "HookFailure";
  readonly plugin: string;
  readonly hook: string;
  readonly failures: readonly Failure[];

  constructor(at: { readonly plugin: string; readonly hook: string }, issues: readonly Issue[], cause?: unknown) {
    const { plugin, hook } = at;
    const text = issues.map(({ path, message }) => path === "" ? message : `${path}: ${message}`).join("; ");
    super(`Plugin "${plugin}" failed in "${hook}": ${text}`, cause === undefined ? undefined : { cause });
    this.plugin = plugin;
    this.hook = hook;
    this.failures = issues.map((issue) => ({ plugin, hook, ...issue, ...(cause === undefined ? {} : { cause }) }));
  }
}
