import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Fragment } from "./fragment.ts";
import { type Renderer, RENDERERS, renderVirtualHost, routeConfiguration } from "./render.ts";
import { createResource } from "./resource.ts";
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

const ADS = { ads: {}, resourceApiVersion: "V3" } as const;

const NONE: Renderer = { names: () => [], render: () => [], shared: () => [] };

const hostsOf = (fragment: Fragment): readonly string[] => fragment.virtualHosts.flatMap(({ hosts }) => hosts);

/** What `xds:///<host>` asks for first: a listener of that name (gRFC A27), whose routes have the same name. */
function apiListener(host: string): Uint8Array {
  return encodeMessage("envoy.config.listener.v3.Listener", {
    name: host,
    apiListener: {
      apiListener: {
        "@type":
          "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        rds: { routeConfigName: host, configSource: ADS },
        httpFilters: [{
          name: "router",
          typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
        }],
      },
    },
  });
}

/** gRPC takes no endpoints from inside a cluster. */
function edsCluster(name: string): Uint8Array {
  return encodeMessage("envoy.config.cluster.v3.Cluster", {
    name,
    type: "EDS",
    edsClusterConfig: { edsConfig: ADS },
    lbPolicy: "ROUND_ROBIN",
  });
}

/** gRPC leaves out localities without a weight. */
function weighted(loadAssignment: Uint8Array): Uint8Array {
  const message = decodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", loadAssignment);
  const endpoints = (message.endpoints ?? []).map((locality) => ({
    ...locality,
    locality: locality.locality ?? {},
    loadBalancingWeight: locality.loadBalancingWeight ?? { value: 1 },
  }));
  return encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { ...message, endpoints });
}

/** The resources of gRPC clients. Of virtual hosts, scopes and listeners of proxies they know nothing. */
export const GRPC_RENDERERS: Readonly<Record<TypeUrl, Renderer>> = {
  [LISTENER]: {
    names: hostsOf,
    render: (fragment) => hostsOf(fragment).map((host) => createResource(host, apiListener(host), fragment.sessionId)),
    shared: () => [],
  },
  [ROUTE]: {
    names: hostsOf,
    render: (fragment) =>
      fragment.virtualHosts.flatMap((part) =>
        part.hosts.map((host) =>
          createResource(host, routeConfiguration(host, [renderVirtualHost(part)]), fragment.sessionId)
        )
      ),
    shared: () => [],
  },
  [CLUSTER]: {
    names: RENDERERS[CLUSTER].names,
    render: (fragment) =>
      fragment.clusters.map(({ name }) => createResource(name, edsCluster(name), fragment.sessionId)),
    shared: () => [],
  },
  [ENDPOINT]: {
    names: RENDERERS[ENDPOINT].names,
    render: (fragment) =>
      fragment.clusters.map(({ name, loadAssignment }) =>
        createResource(name, weighted(loadAssignment), fragment.sessionId)
      ),
    shared: () => [],
  },
  [SCOPED_ROUTE]: NONE,
  [VIRTUAL_HOST]: NONE,
  [SECRET]: NONE,
};
