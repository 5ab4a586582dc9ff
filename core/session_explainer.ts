import { isDeepStrictEqual } from "node:util";
import type { Fragment } from "./cache/fragment.ts";
import { explainTrace, type Explanation } from "./pipeline/explanation.ts";
import type { Pipeline } from "./pipeline/pipeline.ts";
import type { PluginRuntime } from "./plugin/plugin_runtime.ts";
import type { SessionRecord } from "./session/session.ts";

export interface SessionExplainerOptions {
  readonly pipeline: Pipeline;
  readonly runtime: PluginRuntime;
  readonly table: { get(id: string): SessionRecord | undefined };
  /** What is served of a session. */
  readonly served: (id: string) => Fragment | undefined;
}

/** Why a session is served as it is, or not at all. */
export interface ExplainedSession extends Explanation {
  readonly id: string;
  /** `current`: as it would be built now. `last`: as it was built before, for it cannot be built, or differently now. */
  readonly served: "current" | "last" | "nothing";
}

/** `undefined` where no session has the id. Builds the session on the way, and changes nothing. */
export function createSessionExplainer(
  { pipeline, runtime: { reads, revealed }, table, served }: SessionExplainerOptions,
): (id: string) => ExplainedSession | undefined {
  return (id) => {
    const record = table.get(id);
    if (record === undefined) return undefined;
    const { result: { result: trace, redact }, reads: read } = reads.record(() =>
      revealed.record(() => pipeline.trace(record.session))
    );
    reads.discard(read);
    const fragment = served(id);
    const isCurrent = trace.result.ok && isDeepStrictEqual(fragment, trace.result.fragment);
    const state = fragment === undefined ? "nothing" : isCurrent ? "current" : "last";
    return redact({ id, served: state, ...explainTrace(trace) });
  };
}
