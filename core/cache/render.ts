import { encodeMessage } from "../proto/codec.ts";
import { concatBytes, fieldBytes, fieldString } from "../proto/wire.ts";
import type { ClusterPart, Fragment, SharedResources, VirtualHostPart, WholePart } from "./fragment.ts";
import { ROUTES_BY_VHDS } from "./names.ts";
import { createResource, type Resource } from "./resource.ts";
import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "./resource_type.ts";

/** How one resource type is made of the parts that the pipeline built. */
export interface Renderer {
  /** The names that `render` gives for this fragment, without building anything. */
  names(fragment: Fragment): readonly string[];
  render(fragment: Fragment): readonly Resource[];
  /** What is there without any session. */
  shared(shared: SharedResources): readonly Resource[];
  /** What a name stands for that nobody has; absent where that is nothing. */
  standIn?(name: string): Resource;
}

const whole = (part: WholePart): Resource => createResource(part.name, part.body);

/** Field numbers of the messages that are put together from encoded parts. */
const CLUSTER_LOAD_ASSIGNMENT = 33;
const VIRTUAL_HOST_NAME = 1;
const VIRTUAL_HOST_DOMAINS = 2;
const ROUTES_NAME = 1;
const ROUTES_VIRTUAL_HOSTS = 2;
const SCOPE_NAME = 1;
const SCOPE_KEY = 3;
const SCOPE_ROUTES = 5;

/** Envoy would refuse a route that arrives before its cluster, and the port is no part of a session's host. */
export const ROUTES_OPTIONS = encodeMessage("envoy.config.route.v3.RouteConfiguration", {
  validateClusters: { value: false },
  ignorePortInHostMatching: true,
});

/** A name that no client can ask for: Envoy's first VHDS request has to be answered with at least one virtual host. */
const NOWHERE = "nowhere.invalid";

/** An encoded `VirtualHost` of the given name and domains. */
export function virtualHost(name: string, hosts: readonly string[], body: Uint8Array): Uint8Array {
  const domains = hosts.map((host) => fieldString(VIRTUAL_HOST_DOMAINS, host));
  return concatBytes([fieldString(VIRTUAL_HOST_NAME, name), ...domains, body]);
}

/** An encoded `RouteConfiguration` that holds these encoded virtual hosts; `options` are further fields. */
export function routeConfiguration(
  name: string,
  virtualHosts: readonly Uint8Array[],
  options = ROUTES_OPTIONS,
): Uint8Array {
  const fields = virtualHosts.map((bytes) => fieldBytes(ROUTES_VIRTUAL_HOSTS, bytes));
  return concatBytes([fieldString(ROUTES_NAME, name), ...fields, options]);
}

/** The virtual host as it stands in a route configuration: named after its first host. */
export function renderVirtualHost(part: VirtualHostPart): Uint8Array {
  return virtualHost(part.hosts[0] ?? NOWHERE, part.hosts, part.body);
}

/**
 * A scope is named after its host, so that a host which passes from one session to another is an update in place:
 * Envoy rejects two scopes with one key.
 */
function renderScope(host: string, routeTable: Uint8Array, sessionId: string): Resource {
  const key = fieldBytes(1, fieldString(1, host));
  const body = concatBytes([
    fieldString(SCOPE_NAME, host),
    fieldBytes(SCOPE_KEY, key),
    fieldBytes(SCOPE_ROUTES, routeTable),
  ]);
  return createResource(host, body, sessionId);
}

function renderScopes(fragment: Fragment): Resource[] {
  return fragment.virtualHosts.flatMap((part) => {
    const first = part.hosts[0];
    if (first === undefined) return [];
    const routeTable = routeConfiguration(first, [renderVirtualHost(part)]);
    return part.hosts.map((host) => renderScope(host, routeTable, fragment.sessionId));
  });
}

/** Envoy knows a virtual host by `<route configuration>/<host>`, which must be its `name` too or it is never removed. */
const vhdsName = (host: string): string => `${ROUTES_BY_VHDS}/${host}`;

function renderCluster(part: ClusterPart, sessionId: string): Resource {
  const body = concatBytes([part.body, fieldBytes(CLUSTER_LOAD_ASSIGNMENT, part.loadAssignment)]);
  return createResource(part.name, body, sessionId);
}

function routesByVhds(): Resource {
  const message = {
    name: ROUTES_BY_VHDS,
    vhds: { configSource: { ads: {}, resourceApiVersion: "V3" as const } },
  };
  const bytes = encodeMessage("envoy.config.route.v3.RouteConfiguration", message);
  return createResource(ROUTES_BY_VHDS, concatBytes([bytes, ROUTES_OPTIONS]));
}

const hostsOf = (fragment: Fragment): string[] => fragment.virtualHosts.flatMap((part) => part.hosts);

/** One row a resource type. The route configuration with all sessions in it is an aggregate, see `route_table.ts`. */
export const RENDERERS: Readonly<Record<TypeUrl, Renderer>> = {
  [LISTENER]: {
    names: () => [],
    render: () => [],
    shared: (shared) => shared.listeners.map(whole),
  },
  [CLUSTER]: {
    names: (fragment) => fragment.clusters.map((part) => part.name),
    render: (fragment) => fragment.clusters.map((part) => renderCluster(part, fragment.sessionId)),
    shared: (shared) => shared.clusters.map(whole),
  },
  [ENDPOINT]: {
    names: (fragment) => fragment.clusters.map((part) => part.name),
    render: (fragment) =>
      fragment.clusters.map((part) => createResource(part.name, part.loadAssignment, fragment.sessionId)),
    shared: () => [],
  },
  [ROUTE]: {
    names: () => [],
    render: () => [],
    shared: () => [routesByVhds()],
  },
  [SCOPED_ROUTE]: {
    names: hostsOf,
    render: renderScopes,
    shared: () => [],
  },
  [VIRTUAL_HOST]: {
    names: (fragment) => hostsOf(fragment).map(vhdsName),
    render: (fragment) =>
      fragment.virtualHosts.flatMap(({ hosts, body }) =>
        hosts.map((host) => {
          const name = vhdsName(host);
          return createResource(name, virtualHost(name, [host], body), fragment.sessionId);
        })
      ),
    shared: () => {
      const name = vhdsName(NOWHERE);
      return [createResource(name, virtualHost(name, [NOWHERE], new Uint8Array()))];
    },
  },
  [SECRET]: {
    names: (fragment) => fragment.secrets.map((part) => part.name),
    render: (fragment) => fragment.secrets.map((part) => createResource(part.name, part.body, fragment.sessionId)),
    shared: (shared) => shared.secrets.map(whole),
  },
};
