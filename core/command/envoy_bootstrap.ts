import { isIP } from "node:net";
import { XDS_CLUSTER } from "../cache/names.ts";
import { POLLING } from "../cache/polling.ts";
import { type EnvoyTls, upstreamTls } from "./envoy_tls.ts";
import type { HostPort } from "./host_port.ts";

/** How Envoy asks for its configuration: ADS incrementally, ADS with the state of the world, or REST polling. */
export const BOOTSTRAP_MODES = ["delta", "sotw", "rest"] as const;
export type BootstrapMode = typeof BOOTSTRAP_MODES[number];

export interface BootstrapOptions {
  readonly mode: BootstrapMode;
  /** Signalbox: its gRPC port, or its HTTP port in mode `rest`. A name is resolved by DNS, again and again. */
  readonly server: HostPort;
  readonly nodeId: string;
  readonly nodeCluster: string;
  readonly adminPort: number;
  /** Absent: cleartext. */
  readonly tls?: EnvoyTls;
  /** What Envoy shows Signalbox over ADS; polling has nowhere to put it. */
  readonly token?: string;
}

/**
 * Statistics that Envoy is not to make: those of clusters without an underscore in their name, which are the sessions'.
 * They would take most of Envoy's memory. RE2 knows no "all but", hence the difference in the names.
 */
export const SESSION_CLUSTER_STATS = "cluster\\.[^_.]+\\..*";

/** Room for a busy edge, and a bound before the memory ends (Envoy's guide to an edge: never without one). */
const MAX_DOWNSTREAM_CONNECTIONS = 50_000;

/** Envoy's bootstrap in its JSON form, an `envoy.config.bootstrap.v3.Bootstrap`. */
export function buildEnvoyBootstrap(options: BootstrapOptions): Readonly<Record<string, unknown>> {
  return {
    node: { id: options.nodeId, cluster: options.nodeCluster },
    admin: {
      address: socketAddress({ host: "127.0.0.1", port: options.adminPort }),
      // The operator gets in when the limit below is reached.
      ignore_global_conn_limit: true,
    },
    dynamic_resources: options.mode === "rest" ? restResources() : adsResources(options.mode, options.token),
    static_resources: { clusters: [xdsCluster(options)] },
    stats_config: {
      stats_matcher: { exclusion_list: { patterns: [{ safe_regex: { regex: SESSION_CLUSTER_STATS } }] } },
    },
    overload_manager: {
      resource_monitors: [{
        name: "envoy.resource_monitors.global_downstream_max_connections",
        typed_config: {
          "@type":
            "type.googleapis.com/envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
          max_active_downstream_connections: MAX_DOWNSTREAM_CONNECTIONS,
        },
      }],
    },
  };
}

function adsResources(mode: "delta" | "sotw", token?: string): unknown {
  const overAds = { ads: {}, resource_api_version: "V3" };
  return {
    ads_config: {
      api_type: mode === "delta" ? "DELTA_GRPC" : "GRPC",
      transport_api_version: "V3",
      set_node_on_first_message_only: true,
      grpc_services: [{
        envoy_grpc: {
          cluster_name: XDS_CLUSTER,
          // Envoy's own goes up to 30 s: new sessions would wait that long after a restart of Signalbox.
          retry_policy: { retry_back_off: { base_interval: "0.1s", max_interval: "0.5s" } },
        },
        ...(token !== undefined && { initial_metadata: [{ key: "authorization", value: `Bearer ${token}` }] }),
      }],
    },
    cds_config: overAds,
    lds_config: overAds,
  };
}

function restResources(): unknown {
  const polled = {
    resource_api_version: "V3",
    api_config_source: {
      api_type: "REST",
      transport_api_version: "V3",
      cluster_names: [XDS_CLUSTER],
      refresh_delay: `${POLLING.refreshDelayMs / 1000}s`,
      request_timeout: `${POLLING.requestTimeoutMs / 1000}s`,
    },
  };
  return { cds_config: polled, lds_config: polled };
}

function xdsCluster({ server, mode, tls }: BootstrapOptions): unknown {
  return {
    name: XDS_CLUSTER,
    // Both families: a name like localhost has an address of each, and Signalbox may listen to one of them alone.
    ...(isIP(server.host) === 0 ? { type: "STRICT_DNS", dns_lookup_family: "ALL" } : { type: "STATIC" }),
    connect_timeout: "1s",
    load_assignment: {
      cluster_name: XDS_CLUSTER,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: socketAddress(server) } }] }],
    },
    ...(tls && { transport_socket: upstreamTls(tls, mode === "rest" ? "http/1.1" : "h2") }),
    ...(mode === "rest" ? {} : { typed_extension_protocol_options: HTTP2 }),
    // A server that vanished without a word is noticed by these and by HTTP/2's keepalive.
    upstream_connection_options: { tcp_keepalive: { keepalive_time: 10, keepalive_interval: 5, keepalive_probes: 3 } },
  };
}

const HTTP2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: {
      http2_protocol_options: { connection_keepalive: { interval: "10s", timeout: "5s" } },
    },
  },
};

function socketAddress({ host, port }: HostPort): unknown {
  return { socket_address: { address: host, port_value: port } };
}
