import type { Fragment } from "../cache/fragment.ts";
import type { HookContext, HookSet, SessionHook, SessionSubjects } from "../plugin/hooks.ts";
import { checkMessage } from "../proto/check.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { Message, MessageName } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";
import { buildCluster, buildEndpoint } from "./cluster.ts";
import { type Failure, HookFailure } from "./failure.ts";
import { checkReferences } from "./references.ts";
import { runHooks, type Step } from "./run_hooks.ts";
import { buildRoute, buildVirtualHost } from "./virtual_host.ts";

const CLUSTER = "envoy.config.cluster.v3.Cluster";
const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost";
const SECRET = "envoy.extensions.transport_sockets.tls.v3.Secret";

export type BuildResult =
  | { readonly ok: true; readonly fragment: Fragment }
  | { readonly ok: false; readonly failures: readonly Failure[] };

export interface Pipeline {
  /** The same session always gives the same bytes. Never throws: what plugins do wrong is in `failures`. */
  build(session: Session): BuildResult;
}

interface Messages {
  readonly session: Session;
  readonly clusters: readonly Message<typeof CLUSTER>[];
  readonly secrets: readonly Message<typeof SECRET>[];
  readonly virtualHosts: readonly Message<typeof VIRTUAL_HOST>[];
}

/** Session → default resources → hooks, in the order of `hookSets` → checks → encoded parts. */
export function createPipeline({ hookSets }: { readonly hookSets: readonly HookSet[] }): Pipeline {
  const stepsOf = <Name extends keyof SessionSubjects>(name: Name) => (context: HookContext) => {
    const steps: Step<SessionSubjects[Name]>[] = [];
    for (const { plugin, hooks } of hookSets) {
      // The compiler does not see that a hook of this name takes a subject of this name.
      const hook = hooks[name] as SessionHook<Name> | undefined;
      if (hook) steps.push({ plugin, hook: (subject) => hook(subject, context) });
    }
    return steps;
  };
  const points = {
    session: stepsOf("session"),
    endpoint: stepsOf("endpoint"),
    cluster: stepsOf("cluster"),
    secret: stepsOf("secret"),
    route: stepsOf("route"),
    virtualHost: stepsOf("virtualHost"),
  };

  function buildMessages(given: Session): Messages {
    const [session = given] = runHooks("session", [given], points.session({ session: given }));
    const context: HookContext = { session };
    const endpoints = runHooks("endpoint", session.backends.map(buildEndpoint), points.endpoint(context));
    const clusters = runHooks("cluster", [buildCluster(session, endpoints)], points.cluster(context));
    const secrets = runHooks<Message<typeof SECRET>>("secret", [], points.secret(context));
    const routes = runHooks("route", [buildRoute(session)], points.route(context));
    const virtualHosts = runHooks("virtualHost", [buildVirtualHost(session, routes)], points.virtualHost(context));
    return { session, clusters, secrets, virtualHosts };
  }

  return {
    build(session) {
      try {
        const messages = buildMessages(session);
        const failures = check(messages);
        return failures.length > 0 ? { ok: false, failures } : { ok: true, fragment: encode(messages) };
      } catch (thrown) {
        if (thrown instanceof HookFailure) return { ok: false, failures: [thrown.failure] };
        throw thrown;
      }
    },
  };
}

function check({ session, clusters, secrets, virtualHosts }: Messages): readonly Failure[] {
  const of = <Type extends MessageName>(type: Type, place: string, messages: readonly Message<Type>[]) =>
    messages.flatMap((message, index) =>
      checkMessage(type, message).map((issue) => ({ ...issue, path: `${place}[${index}].${issue.path}` }))
    );
  const invalid = [
    ...of(CLUSTER, "clusters", clusters),
    ...of(SECRET, "secrets", secrets),
    ...of(VIRTUAL_HOST, "virtualHosts", virtualHosts),
  ];
  return invalid.length > 0 ? invalid : checkReferences(session, clusters, virtualHosts);
}

function encode({ session, clusters, secrets, virtualHosts }: Messages): Fragment {
  return {
    sessionId: session.id,
    clusters: clusters.map(({ loadAssignment, ...body }) => ({
      name: body.name ?? "",
      body: encodeMessage(CLUSTER, body),
      loadAssignment: encodeMessage(LOAD_ASSIGNMENT, { ...loadAssignment, clusterName: body.name }),
    })),
    virtualHosts: virtualHosts.map(({ name: _, domains, ...body }) => ({
      hosts: domains ?? [],
      body: encodeMessage(VIRTUAL_HOST, body),
    })),
    secrets: secrets.map((secret) => ({ name: secret.name ?? "", body: encodeMessage(SECRET, secret) })),
  };
}
