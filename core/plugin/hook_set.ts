import type { Issue } from "../signalbox_error.ts";
import type { Hooks } from "./hooks.ts";

/**
 * What becomes of a session that a plugin fails on. Registering or changing it is refused by `keep-last` and `withdraw`. Where
 * it is built again, `keep-last` leaves it as it was and `withdraw` takes its resources away. `skip` does without the plugin.
 */
export type OnError = "keep-last" | "skip" | "withdraw";

export type InputResult =
  | { readonly ok: true; readonly input: unknown }
  /** Paths begin inside of what the session says. */
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** A plugin that has been set up, as the pipeline sees it. */
export interface HookSet {
  readonly plugin: string;
  readonly hooks: Hooks<never>;
  /** `keep-last` where absent. */
  readonly onError?: OnError;
  /** What hooks get as `input`, from what a session says (`undefined`: nothing). Absent where sessions have nothing to say. */
  readonly readInput?: (said: unknown) => InputResult;
  /** What sample sessions may say to it. */
  readonly sampleInputs?: readonly unknown[];
}
