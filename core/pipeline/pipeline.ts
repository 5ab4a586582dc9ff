import type { Fragment } from "../cache/fragment.ts";
import type { HookSet } from "../plugin/hooks.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { Session } from "../session/session.ts";
import { checkMessages, CLUSTER, SECRET, type SessionMessages, VIRTUAL_HOST } from "./check_messages.ts";
import { type Failure, HookFailure } from "./failure.ts";
import { buildMessages } from "./session_messages.ts";

const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";

export type BuildResult =
  | { readonly ok: true; readonly fragment: Fragment }
  | { readonly ok: false; readonly failures: readonly Failure[] };

export interface Pipeline {
  /**
   * The same session always gives the same bytes. What hooks do wrong, and what Envoy would refuse, is in `failures`; only a
   * defect of Signalbox is thrown. Where there are hooks the session is frozen.
   */
  build(session: Session): BuildResult;
}

/** Session → default resources → hooks, in the order of `hookSets` → checks → encoded parts. */
export function createPipeline({ hookSets }: { readonly hookSets: readonly HookSet[] }): Pipeline {
  return {
    build(session) {
      try {
        const messages = buildMessages(session, { hookSets, blame: false });
        const failures = checkMessages(messages);
        if (failures.length === 0) return { ok: true, fragment: encode(session, messages) };
        // Hooks are pure, so the plugin that is to blame does it again. Nobody is when the defaults are at fault.
        if (hookSets.length > 0) buildMessages(session, { hookSets, blame: true });
        return { ok: false, failures };
      } catch (thrown) {
        if (thrown instanceof HookFailure) return { ok: false, failures: thrown.failures };
        throw thrown;
      }
    },
  };
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
