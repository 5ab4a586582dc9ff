import type { HookContext, HookSet, SessionHook, SessionSubjects } from "../plugin/hooks.ts";
import type { Session } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";
import { messageChecks, type SessionMessages } from "./check_messages.ts";
import { buildCluster, buildEndpoint } from "./cluster.ts";
import { deepFreeze } from "./deep_freeze.ts";
import { HookFailure } from "./failure.ts";
import { type HookPoint, runHooks, type Step } from "./run_hooks.ts";
import { settleSession } from "./session_change.ts";
import { buildRoute, buildVirtualHost } from "./virtual_host.ts";

export interface BuildOptions {
  /** In the order in which they run. */
  readonly hookSets: readonly HookSet[];
  /**
   * Checks what each hook leaves, so that a `HookFailure` names the plugin that first left something wrong. For sessions
   * that are known to fail: every hook costs a check more.
   */
  readonly blame: boolean;
}

/** The default resources of a session, and what hooks make of them, point after point. */
export function buildMessages(given: Session, { hookSets, blame }: BuildOptions): SessionMessages {
  const sessionPoint: HookPoint<Session> = {
    name: "session",
    steps: stepsOf("session", hookSets, given),
    settle: (changed) => settleSession(given, changed),
  };
  const [session] = runHooks(sessionPoint, [given]);
  if (session === undefined) return { session, clusters: [], secrets: [], virtualHosts: [] };

  const point = <Name extends keyof SessionSubjects>(
    name: Name,
    check: (subjects: readonly SessionSubjects[Name][]) => readonly Issue[],
  ): HookPoint<SessionSubjects[Name]> => {
    const steps = stepsOf(name, hookSets, session);
    if (!blame) return { name, steps };
    const settle = (subjects: readonly SessionSubjects[Name][]) => {
      const issues = check(subjects);
      return issues.length > 0 ? { ok: false, issues } as const : { ok: true, subjects } as const;
    };
    return { name, steps, settle };
  };

  let clustersChangedBy: string | undefined;
  const onChange = (plugin: string) => clustersChangedBy = plugin;
  const checks = messageChecks;
  const endpoints = runHooks(point("endpoint", checks.endpoint), session.backends.map(buildEndpoint));
  const clusters = runHooks(
    { ...point("cluster", (subjects) => checks.cluster(session, subjects)), onChange },
    [buildCluster(session, endpoints)],
  );
  const secrets = runHooks(point("secret", (subjects) => checks.secret(session, subjects)), []);
  const routes = runHooks(point("route", (subjects) => checks.route(clusters, subjects)), [buildRoute(session)]);
  const virtualHosts = runHooks(
    point("virtualHost", (subjects) => checks.virtualHost(session, clusters, subjects)),
    [buildVirtualHost(session, routes)],
  );
  if (blame && clustersChangedBy !== undefined) {
    // Routes that nobody touched lead nowhere because of what became of the clusters.
    const issues = checks.virtualHost(session, clusters, virtualHosts);
    if (issues.length > 0) throw new HookFailure({ plugin: clustersChangedBy, hook: "cluster" }, issues);
  }
  return { session, clusters, secrets, virtualHosts };
}

function stepsOf<Name extends keyof SessionSubjects>(
  name: Name,
  hookSets: readonly HookSet[],
  session: Session,
): readonly Step<SessionSubjects[Name]>[] {
  const steps: Step<SessionSubjects[Name]>[] = [];
  for (const { plugin, hooks } of hookSets) {
    // The compiler does not see that a hook of this name takes a subject of this name.
    const hook = hooks[name] as SessionHook<Name> | undefined;
    if (!hook) continue;
    const context: HookContext = Object.freeze({ session: deepFreeze(session) });
    steps.push({ plugin, hook: (subject) => hook(subject, context) });
  }
  return steps;
}
