import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import type { ClusterPart, Fragment, VirtualHostPart } from "./fragment.ts";
import { type Renderer, RENDERERS, renderVirtualHost, routeConfiguration } from "./render.ts";
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

const CLUSTER_MESSAGE = "envoy.config.cluster.v3.Cluster";
const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";
const VIRTUAL_HOST_MESSAGE = "envoy.config.route.v3.VirtualHost";

type ConnectionManager = Message<
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
>;
type Locality = Message<"envoy.config.endpoint.v3.LocalityLbEndpoints">;
type Route = Message<"envoy.config.route.v3.Route">;

const ADS = { ads: {}, resourceApiVersion: "V3" } as const;

const NONE: Renderer = { names: () => [], render: () => [], shared: () => [] };

const hostsOf = (fragment: Fragment): readonly string[] => fragment.virtualHosts.flatMap(({ hosts }) => hosts);

/** What `xds:///<host>` asks for first: a listener of that name (gRFC A27). */
function apiListener(host: string, routes: Pick<ConnectionManager, "rds" | "routeConfig">): Uint8Array {
  return encodeMessage("envoy.config.listener.v3.Listener", {
    name: host,
    apiListener: {
      apiListener: {
        "@type":
          "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        ...routes,
        httpFilters: [{
          name: "router",
          typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
      },
    },
  });
}

/** A session's listener: its routes have the same name. */
function sessionListener(host: string, sessionId: string): Resource {
  return createResource(host, apiListener(host, { rds: { routeConfigName: host, configSource: ADS } }), sessionId);
}

/**
 * The listener of a host that nobody has: calls fail at once, for there are no routes. Without it they would be held back
 * for 15 s and longer, since clients take a listener that they never had for one that is still to come. The virtual host
 * is needed: grpc-js holds calls back where there is none.
 */
function unknownListener(host: string): Resource {
  const routeConfig = { name: host, virtualHosts: [{ name: host, domains: ["*"] }] };
  return createResource(host, apiListener(host, { routeConfig }));
}

/** Settings of Envoy's filters mean nothing here, and clients refuse those that they don't know and zero tries. */
function renderRoutes(host: string, { hosts, body }: VirtualHostPart): Uint8Array {
  const { typedPerFilterConfig: _, routes = [], ...rest } = decodeMessage(VIRTUAL_HOST_MESSAGE, body);
  const bare = encodeMessage(VIRTUAL_HOST_MESSAGE, { ...rest, routes: routes.map(bareRoute) });
  return routeConfiguration(host, [renderVirtualHost({ hosts, body: bare })]);
}

function bareRoute({ typedPerFilterConfig: _, route, ...rest }: Route): Route {
  if (!route) return rest;
  const { weightedClusters, retryPolicy, ...action } = route;
  const clusters = weightedClusters?.clusters?.map(({ typedPerFilterConfig: _, ...cluster }) => cluster);
  return {
    ...rest,
    route: {
      ...action,
      ...(weightedClusters && clusters ? { weightedClusters: { ...weightedClusters, clusters } } : {}),
      ...(retryPolicy && retryPolicy.numRetries?.value !== 0 ? { retryPolicy } : {}),
    },
  };
}

/** gRPC takes no endpoints from inside a cluster; of its limits it knows the one of requests, by default 1,024. */
function edsCluster({ name, body }: ClusterPart): Uint8Array {
  const { circuitBreakers } = decodeMessage(CLUSTER_MESSAGE, body);
  return encodeMessage(CLUSTER_MESSAGE, {
    name,
    type: "EDS",
    edsClusterConfig: { edsConfig: ADS },
    lbPolicy: "ROUND_ROBIN",
    ...(circuitBreakers ? { circuitBreakers } : {}),
  });
}

/**
 * gRPC leaves out localities without a weight, and takes the endpoints of one locality in turn whatever their weights:
 * each weight becomes a locality.
 */
function weighted(loadAssignment: Uint8Array): Uint8Array {
  const message = decodeMessage(LOAD_ASSIGNMENT, loadAssignment);
  return encodeMessage(LOAD_ASSIGNMENT, { ...message, endpoints: (message.endpoints ?? []).flatMap(byWeight) });
}

function byWeight(given: Locality): Locality[] {
  const { locality = {}, lbEndpoints = [] } = given;
  const groups = Map.groupBy(lbEndpoints, ({ loadBalancingWeight }) => loadBalancingWeight?.value ?? 1);
  return [...groups].map(([weight, endpoints]) => ({
    ...given,
    locality: groups.size === 1 ? locality : { ...locality, subZone: `${locality.subZone ?? ""}/weight-${weight}` },
    lbEndpoints: endpoints,
    loadBalancingWeight: { value: weight * endpoints.length },
  }));
}

/** The resources of gRPC clients. Of virtual hosts, scopes and listeners of proxies they know nothing. */
export const GRPC_RENDERERS: Readonly<Record<TypeUrl, Renderer>> = {
  [LISTENER]: {
    names: hostsOf,
    render: (fragment) => hostsOf(fragment).map((host) => sessionListener(host, fragment.sessionId)),
    shared: () => [],
    standIn: unknownListener,
  },
  [ROUTE]: {
    names: hostsOf,
    render: ({ virtualHosts, sessionId }) =>
      virtualHosts.flatMap((part) =>
        part.hosts.map((host) => createResource(host, renderRoutes(host, part), sessionId))
      ),
    shared: () => [],
  },
  [CLUSTER]: {
    names: RENDERERS[CLUSTER].names,
    render: ({ clusters, sessionId }) => clusters.map((part) => createResource(part.name, edsCluster(part), sessionId)),
    shared: () => [],
  },
  [ENDPOINT]: {
    names: RENDERERS[ENDPOINT].names,
    render: ({ clusters, sessionId }) =>
      clusters.map(({ name, loadAssignment }) => createResource(name, weighted(loadAssignment), sessionId)),
    shared: () => [],
  },
  [SCOPED_ROUTE]: NONE,
  [VIRTUAL_HOST]: NONE,
  [SECRET]: NONE,
};
