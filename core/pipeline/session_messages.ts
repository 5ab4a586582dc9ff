import type { SecretMessage, SessionContext, SessionSubjects } from "../plugin/hooks.ts";
import type { Session } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";
import { messageChecks, type SessionMessages } from "./check_messages.ts";
import { buildCluster, buildEndpoint } from "./cluster.ts";
import type { Frozen } from "./deep_freeze.ts";
import { HookFailure } from "./failure.ts";
import type { HookTable } from "./hook_table.ts";
import { type Change, type HookPoint, runAddingHooks, runHooks, settleBy, type Step } from "./run_hooks.ts";
import { settleSession } from "./session_change.ts";
import { readContexts } from "./session_contexts.ts";
import { buildRoute, buildVirtualHost } from "./virtual_host.ts";

export interface BuildOptions {
  readonly table: HookTable;
  /** Of `given`, from `readContexts()`. */
  readonly contexts: readonly SessionContext<unknown>[];
  /** Names of clusters that belong to no session. */
  readonly sharedClusters: ReadonlySet<string>;
  /**
   * Checks what each hook leaves, so that a `HookFailure` names the plugin that first left something wrong. For sessions
   * that are known to fail: every hook costs a check more.
   */
  readonly blame?: boolean;
  /** Told of everything that hooks change. */
  readonly onChange?: ((change: Change) => void) | undefined;
}

/** A hook of any of the points that change something. */
type Run = (subject: never, context: SessionContext<never>) => unknown;

/** The default resources of a session, and what hooks make of them, point after point. */
export function buildMessages(given: Session, options: BuildOptions): SessionMessages {
  // Its Service has no endpoint that is ready.
  if (given.backends.length === 0) return { session: undefined, clusters: [], secrets: [], virtualHosts: [] };
  const { table, sharedClusters, blame = false, onChange } = options;
  let { contexts } = options;
  const frozen: Frozen = new Set();

  const point = <Name extends keyof SessionSubjects>(name: Name): HookPoint<SessionSubjects[Name], Run> => ({
    name,
    steps: table.points[name],
    // The compiler does not see that these are the hooks of this name, and that each gets the input of its plugin.
    call: ({ run, index }, subject) => run(subject as never, contexts[index] as SessionContext<never>),
    now: table.now,
    onChange,
    frozen,
  });
  const checked = <Name extends keyof SessionSubjects>(
    name: Name,
    check: (subjects: readonly SessionSubjects[Name][]) => readonly Issue[],
  ) => blame ? { ...point(name), settle: settleBy(check) } : point(name);

  const [session] = runHooks({
    ...point("session"),
    settle(changed) {
      const settled = settleSession(given, changed);
      const next = settled.ok ? settled.subjects[0] : undefined;
      if (next === undefined) return settled;
      const read = readContexts(next, table.hookSets);
      // Whoever changed what the session says is to blame, not who is told.
      if (!read.ok) return { ok: false, issues: read.failures.map(({ path, message }) => ({ path, message })) };
      contexts = read.contexts;
      return settled;
    },
  }, [given]);
  if (session === undefined) return { session, clusters: [], secrets: [], virtualHosts: [] };

  let clustersChangedBy: string | undefined;
  const checks = messageChecks;
  const endpoints = runHooks(checked("endpoint", checks.endpoint), session.backends.map(buildEndpoint));
  const clusters = runHooks(
    {
      ...checked("cluster", (subjects) => checks.cluster(session, subjects)),
      onChange(change) {
        clustersChangedBy = change.plugin;
        onChange?.(change);
      },
    },
    [buildCluster(session, endpoints)],
  );
  const targets = { clusters, shared: sharedClusters };
  const secrets = runAddingHooks<SecretMessage, (context: SessionContext<never>) => unknown>({
    name: "secret",
    steps: table.points.secret,
    call: ({ run, index }: Step<(context: SessionContext<never>) => unknown>) =>
      run(contexts[index] as SessionContext<never>),
    now: table.now,
    onChange,
    frozen,
    ...(blame ? { settle: settleBy((subjects) => checks.secret(session, subjects)) } : {}),
  });
  const routes = runHooks(checked("route", (subjects) => checks.route(targets, subjects)), [buildRoute(session)]);
  const virtualHosts = runHooks(
    checked("virtualHost", (subjects) => checks.virtualHost(session, targets, subjects)),
    [buildVirtualHost(session, routes)],
  );
  if (blame && clustersChangedBy !== undefined) {
    // Routes that nobody touched lead nowhere because of what became of the clusters.
    const issues = checks.virtualHost(session, targets, virtualHosts);
    if (issues.length > 0) throw new HookFailure({ plugin: clustersChangedBy, hook: "cluster" }, issues);
  }
  return { session, clusters, secrets, virtualHosts };
}
