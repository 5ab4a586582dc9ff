import type { Fragment } from "../cache/fragment.ts";
import type { HookSet } from "../plugin/hook_set.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { Session } from "../session/session.ts";
import { checkMessages, CLUSTER, SECRET, type SessionMessages, VIRTUAL_HOST } from "./check_messages.ts";
import { type Failure, HookFailure } from "./failure.ts";
import { createHookTable, type HookClock, type HookTable } from "./hook_table.ts";
import { readContexts } from "./session_contexts.ts";
import type { Change } from "./run_hooks.ts";
import { buildMessages, type BuildOptions } from "./session_messages.ts";

const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";

export type BuildResult =
  | {
    readonly ok: true;
    readonly fragment: Fragment;
    /** Why it was built without plugins that may be skipped; absent where it has all. */
    readonly skipped?: readonly Failure[];
  }
  | {
    readonly ok: false;
    readonly failures: readonly Failure[];
    /** Whether what there is of the session already shall go. */
    readonly withdraw: boolean;
  };

export interface Pipeline {
  /**
   * The same session always gives the same bytes. What hooks do wrong, and what Envoy would refuse, is in `failures`; only a
   * defect of Signalbox is thrown. Where there are plugins the session is frozen.
   */
  build(session: Session): BuildResult;
  /** As `build()`, with what each hook changed on the way. */
  trace(session: Session): Trace;
}

export interface Trace {
  readonly result: BuildResult;
  /** In the order in which they were made; without those of plugins that were skipped. */
  readonly changes: readonly Change[];
  /** What came of it; `undefined` where nothing did. */
  readonly messages: SessionMessages | undefined;
}

export interface PipelineOptions {
  /** In the order in which they run. */
  readonly hookSets: readonly HookSet[];
  /** Clusters that belong to no session: sessions' routes may lead to them. */
  readonly sharedClusters?: readonly { readonly name: string }[];
  readonly clock?: HookClock;
}

/** Session → what it says to plugins → default resources → hooks → checks → encoded parts. */
export function createPipeline({ hookSets, sharedClusters = [], clock }: PipelineOptions): Pipeline {
  const complete = createHookTable(hookSets, clock);
  const onErrors = new Map(hookSets.map(({ plugin, onError }) => [plugin, onError]));
  const shared: ReadonlySet<string> = new Set(sharedClusters.map(({ name }) => name));
  const policyOf = ({ plugin }: Failure) => plugin === undefined ? undefined : onErrors.get(plugin);

  function without(plugins: ReadonlySet<string>): HookTable {
    // Places stay as they are, for the contexts go by them.
    return createHookTable(hookSets.map((set) => plugins.has(set.plugin) ? { ...set, hooks: {} } : set), clock);
  }

  /** `newAttempt` is told of each try, and returns what is told of the changes in it. */
  function run(session: Session, newAttempt?: () => (change: Change) => void): Attempt {
    const read = readContexts(session, hookSets);
    if (!read.ok) return failed(read.failures);
    const skipped: Failure[] = [];
    for (let table = complete;; table = without(new Set(skipped.map(({ plugin }) => plugin ?? "")))) {
      const onChange = newAttempt?.();
      const built = buildOnce(session, { table, contexts: read.contexts, sharedClusters: shared, onChange });
      if (built.ok) return skipped.length > 0 ? { ...built, skipped } : built;
      const more = built.failures.filter((failure) => policyOf(failure) === "skip");
      if (more.length === 0) return failed(built.failures);
      skipped.push(...more);
    }
  }

  function failed(failures: readonly Failure[]) {
    return { ok: false, failures, withdraw: failures.some((failure) => policyOf(failure) === "withdraw") } as const;
  }

  return {
    build: (session) => finish(session, run(session)),
    trace(session) {
      let changes: Change[] = [];
      const attempt = run(session, () => {
        const made: Change[] = changes = [];
        return (change) => made.push(change);
      });
      const messages = attempt.ok ? attempt.messages : undefined;
      return { result: finish(session, attempt), changes, messages };
    },
  };
}

type Attempt =
  | { readonly ok: true; readonly messages: SessionMessages; readonly skipped?: readonly Failure[] }
  | Extract<BuildResult, { readonly ok: false }>;

type Once =
  | { readonly ok: true; readonly messages: SessionMessages }
  | { readonly ok: false; readonly failures: readonly Failure[] };

function buildOnce(session: Session, options: BuildOptions): Once {
  try {
    const messages = buildMessages(session, options);
    const failures = checkMessages(messages, options.sharedClusters);
    if (failures.length === 0) return { ok: true, messages };
    // Hooks are pure, so the plugin that is to blame does it again. Nobody is when the defaults are at fault.
    if (options.table.hookSets.length > 0) buildMessages(session, { ...options, blame: true, onChange: undefined });
    return { ok: false, failures };
  } catch (thrown) {
    if (thrown instanceof HookFailure) return { ok: false, failures: thrown.failures };
    throw thrown;
  }
}

function finish(session: Session, attempt: Attempt): BuildResult {
  if (!attempt.ok) return attempt;
  const { messages, skipped } = attempt;
  const fragment = encode(session, messages);
  return skipped === undefined ? { ok: true, fragment } : { ok: true, fragment, skipped };
}

function encode({ id, groups }: Session, { clusters, secrets, virtualHosts }: SessionMessages): Fragment {
  return {
    sessionId: id,
    ...(groups === undefined ? {} : { groups }),
    clusters: clusters.map(({ loadAssignment, ...body }) => ({
      name: body.name ?? "",
      body: encodeMessage(CLUSTER, body),
      loadAssignment: encodeMessage(LOAD_ASSIGNMENT, { ...loadAssignment, clusterName: body.name }),
    })),
    // Every layout gives virtual hosts names of its own.
    virtualHosts: virtualHosts.map(({ name: _, domains, ...body }) => ({
      hosts: domains ?? [],
      body: encodeMessage(VIRTUAL_HOST, body),
    })),
    secrets: secrets.map((secret) => ({ name: secret.name ?? "", body: encodeMessage(SECRET, secret) })),
  };
}
