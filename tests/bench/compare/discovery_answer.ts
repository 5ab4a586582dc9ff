/** What is registered, as the tasks API has it. */
export interface Task {
  readonly id: string;
  readonly address: string;
  readonly port: number;
}

/** The route configuration that Envoy's listener asks for. */
export const ROUTES = "sessions";

const TYPE = "type.googleapis.com/envoy";
const HTTP2 = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": `${TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http2_protocol_options: {} },
  },
};

/** The answer to a poll for clusters: all of them, as a `DiscoveryResponse` in JSON. */
export function buildClustersAnswer(tasks: Iterable<Task>, version: number) {
  const resources = Array.from(tasks, ({ id, address, port }) => ({
    "@type": `${TYPE}.config.cluster.v3.Cluster`,
    name: id,
    type: "STATIC",
    connect_timeout: "2s",
    load_assignment: {
      cluster_name: id,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: port } } } }] }],
    },
    typed_extension_protocol_options: HTTP2,
  }));
  return { version_info: String(version), type_url: `${TYPE}.config.cluster.v3.Cluster`, resources };
}

/** The answer to a poll for routes: one route configuration with a virtual host a session. */
export function buildRoutesAnswer(tasks: Iterable<Task>, version: number, domain: string) {
  const routes = {
    "@type": `${TYPE}.config.route.v3.RouteConfiguration`,
    name: ROUTES,
    virtual_hosts: Array.from(tasks, ({ id }) => ({
      name: id,
      domains: [`${id}.${domain}`],
      routes: [{ match: { prefix: "/" }, route: { cluster: id, timeout: "0s" } }],
    })),
  };
  return { version_info: String(version), type_url: `${TYPE}.config.route.v3.RouteConfiguration`, resources: [routes] };
}
