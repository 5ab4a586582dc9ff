import { encodeMessage } from "../proto/codec.ts";
import type { Fragment } from "./fragment.ts";
import { inV2, type V2Session } from "./in_v2.ts";
import { type Renderer, virtualHost } from "./render.ts";
import { createResource } from "./resource.ts";
import { CLUSTER, type TypeUrl } from "./resource_type.ts";
import type { RowForm } from "./route_table.ts";

const NOTHING: V2Session = { clusters: [], virtualHosts: [] };

const NONE: Renderer = { names: () => [], render: () => [], shared: () => [] };

function sessionOf(fragment: Fragment): V2Session {
  const said = inV2(fragment);
  return said.ok ? said.session : NOTHING;
}

const CLUSTERS: Renderer = {
  names: (fragment) => sessionOf(fragment).clusters.map(({ name }) => name),
  render: (fragment) =>
    sessionOf(fragment).clusters.map(({ name, body }) => createResource(name, body, fragment.sessionId)),
  shared: () => [],
};

/**
 * What Envoys of the v2 API are told: clusters and, in `V2_ROWS`, routes. They are v3 messages that have nothing but what v2
 * has under the same names. Listeners such Envoys have of their own.
 */
export const v2Renderer = (typeUrl: TypeUrl): Renderer => typeUrl === CLUSTER ? CLUSTERS : NONE;

/** v2 compares hosts with their ports, hence the second domain. */
export const V2_ROWS: RowForm = {
  rowsOf: (fragment) =>
    sessionOf(fragment).virtualHosts.map(({ hosts, body }) => {
      const name = hosts[0] ?? "";
      return { name, body: virtualHost(name, hosts.flatMap((host) => [host, `${host}:*`]), body) };
    }),
  options: encodeMessage("envoy.config.route.v3.RouteConfiguration", { validateClusters: { value: false } }),
};
