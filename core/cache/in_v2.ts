import { joinPath } from "../proto/bad_field.ts";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { MessageName, Messages } from "../proto/message_types.ts";
import { changeMessage, transformMessage } from "../proto/transform.ts";
import type { Issue } from "../signalbox_error.ts";
import type { Fragment } from "./fragment.ts";
import { V2_FIELDS } from "./v2_fields.ts";
import { V2_PHRASES } from "./v2_phrases.ts";

/** A session in messages that have nothing but what the v2 API has. */
export interface V2Session {
  readonly clusters: readonly { readonly name: string; readonly body: Uint8Array }[];
  readonly virtualHosts: readonly { readonly hosts: readonly string[]; readonly body: Uint8Array }[];
}

/** What of a session cannot be said in the v2 API, by path as in `clusters[0].transportSocket`. */
export type InV2 =
  | { readonly ok: true; readonly session: V2Session }
  | { readonly ok: false; readonly issues: readonly Issue[] };

const CLUSTER = "envoy.config.cluster.v3.Cluster";
const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const VIRTUAL_HOST = "envoy.config.route.v3.VirtualHost";

/** Fields that name a cluster. */
const LEADS: Readonly<Record<string, string>> = {
  "envoy.config.route.v3.RouteAction": "cluster",
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": "name",
};

const known = new WeakMap<Fragment, InV2>();

/** A session is said in v2 as a whole or not at all. */
export function inV2(fragment: Fragment): InV2 {
  const result = known.get(fragment) ?? translate(fragment);
  known.set(fragment, result);
  return result;
}

function translate({ clusters, virtualHosts }: Fragment): InV2 {
  const issues: Issue[] = [];
  const own = new Set(clusters.map(({ name }) => name));
  const session: V2Session = {
    clusters: clusters.flatMap(({ name, body, loadAssignment, leaving }, index) => {
      const found: Issue[] = [];
      const cluster = {
        ...decodeMessage(CLUSTER, body),
        loadAssignment: decodeMessage(LOAD_ASSIGNMENT, loadAssignment),
      };
      const part = { name, body: say(CLUSTER, cluster, { place: `clusters[${index}]`, own, issues: found }) };
      // It was not served before, then, and no route leads to it any more.
      if (leaving && found.length > 0) return [];
      issues.push(...found);
      return [part];
    }),
    virtualHosts: virtualHosts.map(({ hosts, body }, index) => ({
      hosts,
      body: say(VIRTUAL_HOST, decodeMessage(VIRTUAL_HOST, body), { place: `virtualHosts[${index}]`, own, issues }),
    })),
  };
  return issues.length === 0 ? { ok: true, session } : { ok: false, issues };
}

/** The message without what v2 has no words for, which is added to `issues`. Routes lead to the session's `own` clusters. */
function say<T extends MessageName>(
  type: T,
  message: Messages[T],
  { place, own, issues }: { readonly place: string; readonly own: ReadonlySet<string>; readonly issues: Issue[] },
): Uint8Array {
  const said = transformMessage(type, message, (fullName, message, path) => {
    const { has, spares = [] } = V2_FIELDS[fullName] ?? { has: [] };
    const at = (name: string) => joinPath(joinPath(place, path), name);
    const lead = LEADS[fullName];
    const cluster = lead === undefined ? undefined : message[lead];
    if (lead !== undefined && typeof cluster === "string" && !own.has(cluster)) {
      issues.push({ path: at(lead), message: `leads to "${cluster}", which Envoys of the v2 API are not told of` });
    }
    return Object.fromEntries(
      Object.entries(changeMessage(V2_PHRASES, fullName, message)).filter(([name, value]) => {
        if (value === undefined || spares.includes(name)) return false;
        if (has.includes(name)) return true;
        issues.push({ path: at(name), message: "cannot be said in the v2 API" });
        return false;
      }),
    );
  });
  return encodeMessage(type, said);
}
