import { isDeepStrictEqual } from "node:util";
import type { Fragment } from "./cache/fragment.ts";
import type { TypeUrl } from "./cache/resource_type.ts";
import { explainTrace, type Explanation } from "./pipeline/explanation.ts";
import { lastTouch } from "./pipeline/last_touch.ts";
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

/** Both build the session on the way, and change nothing. */
export interface SessionExplainer {
  /** `undefined` where no session has the id. */
  explain(id: string): ExplainedSession | undefined;
  /** The plugin that touches a resource of the session last; absent where none does. */
  touchedBy(id: string, typeUrl: TypeUrl, name: string): string | undefined;
}

export function createSessionExplainer(
  { pipeline, runtime: { reads, revealed }, table, served }: SessionExplainerOptions,
): SessionExplainer {
  function trace({ session }: SessionRecord) {
    const { result, reads: read } = reads.record(() => revealed.record(() => pipeline.trace(session)));
    reads.discard(read);
    return { trace: result.result, redact: result.redact };
  }

  return {
    explain(id) {
      const record = table.get(id);
      if (record === undefined) return undefined;
      const { trace: traced, redact } = trace(record);
      const fragment = served(id);
      const isCurrent = traced.result.ok && isDeepStrictEqual(fragment, traced.result.fragment);
      const { problem } = record;
      const state = fragment === undefined || problem !== undefined ? "nothing" : isCurrent ? "current" : "last";
      const { failures, ...explanation } = explainTrace(traced);
      const nowhere = problem === undefined ? [] : [{ path: "service", message: problem }];
      return redact({ id, served: state, ...explanation, failures: [...failures, ...nowhere] });
    },
    touchedBy(id, typeUrl, name) {
      const record = table.get(id);
      return record && lastTouch(trace(record).trace.changes, typeUrl, name);
    },
  };
}
