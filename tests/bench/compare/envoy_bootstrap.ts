import { ROUTES } from "./discovery_answer.ts";

const XDS = "xds";
const CONNECTION_MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP2 = {
  typed_extension_protocol_options: {
    [HTTP_OPTIONS]: {
      "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
      explicit_http_config: { http2_protocol_options: {} },
    },
  },
};

/** How Envoy gets clusters and routes: over delta ADS, or by asking every five seconds. */
export type Delivery = "delta" | "poll";

/**
 * Envoy's bootstrap for a control plane at 127.0.0.1:`port`. Clusters and one route configuration come; the listener is
 * fixed, and does less for a request than Signalbox's, which writes an access log.
 */
export function buildBootstrap(delivery: Delivery, port: number): Readonly<Record<string, unknown>> {
  const source = { resource_api_version: "V3", ...sourceOf(delivery) };
  return {
    node: { id: "envoy-1", cluster: "compare" },
    dynamic_resources: { ...(delivery === "delta" ? { ads_config: ADS } : {}), cds_config: source },
    static_resources: {
      listeners: [buildListener(source)],
      clusters: [{
        name: XDS,
        type: "STATIC",
        connect_timeout: "1s",
        load_assignment: {
          cluster_name: XDS,
          endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(port) } }] }],
        },
        ...(delivery === "delta" ? HTTP2 : {}),
      }],
    },
    // As in Signalbox's bootstrap: what clusters count themselves is most of what a new one costs Envoy.
    stats_config: {
      stats_matcher: { exclusion_list: { patterns: [{ safe_regex: { regex: "cluster\\.[^_.]+\\..*" } }] } },
    },
  };
}

const ADS = {
  api_type: "DELTA_GRPC",
  transport_api_version: "V3",
  set_node_on_first_message_only: true,
  grpc_services: [{ envoy_grpc: { cluster_name: XDS } }],
};

function sourceOf(delivery: Delivery): Readonly<Record<string, unknown>> {
  if (delivery === "delta") return { ads: {} };
  return {
    api_config_source: {
      api_type: "REST",
      transport_api_version: "V3",
      cluster_names: [XDS],
      refresh_delay: "5s",
      request_timeout: "5s",
    },
  };
}

function buildListener(source: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const manager = {
    "@type": CONNECTION_MANAGER,
    stat_prefix: "ingress",
    rds: { route_config_name: ROUTES, config_source: source },
    http_filters: [{
      name: "router",
      typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
    }],
  };
  return {
    name: "ingress",
    address: socketAddress(0),
    filter_chains: [{ filters: [{ name: "http", typed_config: manager }] }],
  };
}

function socketAddress(port: number): Readonly<Record<string, unknown>> {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
