import type { Fragment, SharedResources } from "../../core/cache/fragment.ts";
import { ROUTES_BY_VHDS } from "../../core/cache/names.ts";
import type { Resource } from "../../core/cache/resource.ts";
import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../../core/cache/resource_type.ts";
import { decodeMessage, encodeMessage } from "../../core/proto/codec.ts";
import type { Messages } from "../../core/proto/message_types.ts";

/**
 * A session as a transcript writes it: `a hosts=a,b cluster=c v=2 pod=x route=2 secret=s`, everything but the id optional.
 */
export interface SessionText {
  readonly id: string;
  /** Default: the id. */
  readonly hosts?: readonly string[];
  /** The name of its cluster; default: the id. */
  readonly cluster?: string;
  /** Makes another cluster of the same name. */
  readonly v?: string;
  /** Where its endpoint is; default: it has none. */
  readonly pod?: string;
  /** Makes another route to the same cluster. */
  readonly route?: string;
  readonly secret?: string;
}

/** What there is without any session. */
export const SHARED: SharedResources = {
  listeners: [{ name: "ingress", body: encodeMessage("envoy.config.listener.v3.Listener", { name: "ingress" }) }],
  clusters: [],
  secrets: [],
};

export function parseSession(text: string): SessionText {
  const [id = "", ...options] = text.trim().split(/\s+/);
  const { hosts, ...rest } = Object.fromEntries(options.map((option) => option.split("=", 2) as [string, string]));
  return { id, ...rest, ...(hosts === undefined ? {} : { hosts: hosts.split(",") }) };
}

export function buildFragment(session: SessionText): Fragment {
  const { id, hosts = [id], cluster = id, v = "", pod, route = "", secret } = session;
  const secrets = secret === undefined ? [] : [{
    name: secret,
    body: encodeMessage("envoy.extensions.transport_sockets.tls.v3.Secret", { name: secret }),
  }];
  return {
    sessionId: id,
    clusters: [{
      name: cluster,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: cluster, altStatName: v }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", {
        clusterName: cluster,
        endpoints: pod === undefined ? [] : [{ lbEndpoints: [{ endpoint: { hostname: pod } }] }],
      }),
    }],
    virtualHosts: [{
      hosts,
      body: encodeMessage("envoy.config.route.v3.VirtualHost", {
        routes: [{ name: route, match: { prefix: "/" }, route: { cluster } }],
      }),
    }],
    secrets,
  };
}

/** The discovery services' names, as everybody says them. */
export const SERVICES: ReadonlyMap<string, TypeUrl> = new Map([
  ["CDS", CLUSTER],
  ["EDS", ENDPOINT],
  ["LDS", LISTENER],
  ["SRDS", SCOPED_ROUTE],
  ["RDS", ROUTE],
  ["VHDS", VIRTUAL_HOST],
  ["SDS", SECRET],
]);

export function serviceOf(typeUrl: string): string {
  return [...SERVICES].find(([, url]) => url === typeUrl)?.[0] ?? typeUrl;
}

/** A VHDS name without its route configuration, any other name as it is. */
export function shortName(typeUrl: string, name: string): string {
  return typeUrl === VIRTUAL_HOST ? name.slice(ROUTES_BY_VHDS.length + 1) : name;
}

export function longName(typeUrl: string, name: string): string {
  return typeUrl === VIRTUAL_HOST && name !== "*" ? `${ROUTES_BY_VHDS}/${name}` : name;
}

type VirtualHost = Messages["envoy.config.route.v3.VirtualHost"];

function describeRoutes(virtualHosts: readonly VirtualHost[] | undefined): string {
  return (virtualHosts ?? []).flatMap(({ domains, routes }) =>
    (routes ?? []).map(({ name, route }) => `${domains?.join("+")}>${route?.cluster}${name ? `:${name}` : ""}`)
  ).join(",");
}

/**
 * A resource in a word: a cluster is `name` or `name:v`, its endpoints `name` or `name@pod`, a scope or virtual host
 * `host>cluster` or `host>cluster:route`.
 */
export function describeResource(typeUrl: string, { name, body }: Resource): string {
  if (typeUrl === CLUSTER) {
    const { altStatName } = decodeMessage("envoy.config.cluster.v3.Cluster", body);
    return altStatName ? `${name}:${altStatName}` : name;
  }
  if (typeUrl === ENDPOINT) {
    const { endpoints } = decodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", body);
    const pod = endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.hostname;
    return pod ? `${name}@${pod}` : name;
  }
  if (typeUrl === SCOPED_ROUTE) {
    const scope = decodeMessage("envoy.config.route.v3.ScopedRouteConfiguration", body);
    return name + describeRoutes(scope.routeConfiguration?.virtualHosts).replace(/^[^>]*/, "");
  }
  if (typeUrl === ROUTE) {
    const { virtualHosts } = decodeMessage("envoy.config.route.v3.RouteConfiguration", body);
    return `${name}(${describeRoutes(virtualHosts)})`;
  }
  if (typeUrl === VIRTUAL_HOST) {
    return describeRoutes([decodeMessage("envoy.config.route.v3.VirtualHost", body)]) || shortName(typeUrl, name);
  }
  return name;
}
