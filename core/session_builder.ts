import { isDeepStrictEqual } from "node:util";
import type { Fragment } from "./cache/fragment.ts";
import type { Failure } from "./pipeline/failure.ts";
import type { BuildResult as PipelineResult, Pipeline } from "./pipeline/pipeline.ts";
import type { PluginRuntime } from "./plugin/plugin_runtime.ts";
import { shortStack } from "./plugin/short_stack.ts";
import type { Reads } from "./plugin/session_reads.ts";
import type { Endpoints } from "./session/endpoints.ts";
import type { ServicePort, Session } from "./session/session.ts";

/** `endpoints`: where the session's Service is that it was built with. */
type BuildResult = PipelineResult & { readonly endpoints?: Endpoints };

export interface SessionBuilderOptions {
  readonly pipeline: Pipeline;
  readonly runtime: PluginRuntime;
  /** Where a Service is now. */
  readonly resolve: (service: ServicePort) => Endpoints;
  readonly isRegistered: (id: string) => boolean;
  /** Told of every failure, without secrets. */
  readonly onFailures: (session: Session, failures: readonly Failure[]) => void;
}

/** Between the registrar and the pipeline: remembers what is served of each session, and what it was built with. */
export interface SessionBuilder {
  build(session: Session): BuildResult;
  /** Whether the session is served exactly so; if it is, it counts as built with what `fragment` was built with. */
  isServed(id: string, fragment: Fragment): boolean;
  /** What is served of a session. */
  served(id: string): Fragment | undefined;
  published(changes: readonly { readonly id: string; readonly fragment: Fragment | undefined }[]): void;
}

export function createSessionBuilder(options: SessionBuilderOptions): SessionBuilder {
  const { pipeline, runtime: { reads, revealed }, resolve, isRegistered, onFailures } = options;
  const served = new Map<string, Fragment>();
  const readsOf = new WeakMap<Fragment, Reads>();

  return {
    build(session) {
      const { result: { result, redact }, reads: read } = reads.record(() =>
        revealed.record((): BuildResult => {
          if (session.service === undefined) return pipeline.build(session);
          const endpoints = resolve(session.service);
          return { ...pipeline.build({ ...session, backends: endpoints.backends }), endpoints };
        })
      );
      if (result.ok) {
        if (read !== undefined) readsOf.set(result.fragment, read);
        if (result.skipped === undefined) return result;
        const skipped = withoutSecrets(result.skipped, redact);
        onFailures(session, skipped);
        return { ...result, skipped };
      }
      // What was served before goes on; it is tried again when something changes that it failed on.
      if (isRegistered(session.id)) reads.extend(session.id, read);
      else reads.discard(read);
      const failures = withoutSecrets(result.failures, redact);
      onFailures(session, failures);
      return { ...result, failures };
    },
    isServed(id, fragment) {
      if (!isDeepStrictEqual(served.get(id), fragment)) return false;
      reads.replace(id, readsOf.get(fragment));
      return true;
    },
    served: (id) => served.get(id),
    published(changes) {
      for (const { id, fragment } of changes) {
        if (fragment === undefined) served.delete(id);
        else served.set(id, fragment);
        // One that was withdrawn is still to be tried again.
        if (fragment === undefined && isRegistered(id)) continue;
        reads.replace(id, fragment && readsOf.get(fragment));
      }
    },
  };
}

function withoutSecrets(
  failures: readonly Failure[],
  redact: <Value>(value: Value) => Value,
): readonly Failure[] {
  return failures.map((failure) => ({
    ...failure,
    message: redact(failure.message),
    ...(failure.cause === undefined ? {} : { cause: redact(shortStack(failure.cause)) }),
  }));
}
