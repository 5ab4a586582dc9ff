import type { Message, Plugin, Schemas } from "../../core/plugin/plugin.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type Listener = Message<"envoy.config.listener.v3.Listener">;
type FilterChain = Message<"envoy.config.listener.v3.FilterChain">;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const HTTP_OPTIONS_URL = `type.googleapis.com/${HTTP_OPTIONS}` as const;
const CONNECTION_MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";

/**
 * Servers of HTTP/1.1 close connections that do nothing, many after 5 s, some after 2. A request that is on its way by then
 * is lost, and it may not be sent again. So it is Envoy that closes them.
 */
const IDLE_TO_POD = { seconds: 1 };

const config = ({ z }: Schemas) =>
  z.strictObject({
    enabled: z.boolean().default(false).describe("Whether pods speak HTTP/1.1 of sessions that do not say it."),
  });

const session = ({ z }: Schemas) =>
  z.strictObject({
    enabled: z.boolean().default(true).describe(
      "Whether the session's pods speak HTTP/1.1. false: HTTP/2, as gRPC does.",
    ),
  }).optional();

/** Pods that speak HTTP/1.1, and WebSockets to them: all sessions', or those that say so. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {}, session: {} },
    { config: { enabled: true }, session: { enabled: false } },
  ],
  setup: ({ enabled }) => ({
    cluster: (cluster, { input }) => (input?.enabled ?? enabled) ? speakHttp1(cluster) : undefined,

    route(route, { input }) {
      // Redirects and direct responses lead to no pod.
      if (!(input?.enabled ?? enabled) || route.route === undefined) return;
      const upgradeConfigs = [...route.route.upgradeConfigs ?? [], { upgradeType: "websocket" }];
      return { ...route, route: { ...route.route, upgradeConfigs } };
    },

    // What a route allows holds for HTTP/1.1. Over HTTP/2, browsers ask only where the connection offers it.
    listener: allowConnect,
  }),
} satisfies Plugin<typeof config, typeof session>;

function speakHttp1(cluster: Cluster): Cluster {
  const options = cluster.typedExtensionProtocolOptions?.[HTTP_OPTIONS] ?? { "@type": HTTP_OPTIONS_URL };
  if (options["@type"] !== HTTP_OPTIONS_URL || "value" in options) {
    throw new Error(`cannot choose HTTP/1.1: the HTTP options of cluster "${cluster.name}" are encoded already`);
  }
  return {
    ...cluster,
    typedExtensionProtocolOptions: {
      ...cluster.typedExtensionProtocolOptions,
      [HTTP_OPTIONS]: {
        ...options,
        commonHttpProtocolOptions: { idleTimeout: IDLE_TO_POD, ...options.commonHttpProtocolOptions },
        explicitHttpConfig: { httpProtocolOptions: {} },
      },
    },
  };
}

/** WebSockets over HTTP/2 (RFC 8441); a CONNECT without a protocol still finds no route. */
function allowConnect(listener: Listener): Listener {
  const inChain = (chain: FilterChain): FilterChain => ({
    ...chain,
    filters: chain.filters?.map((filter) => {
      const { typedConfig } = filter;
      if (typedConfig?.["@type"] !== CONNECTION_MANAGER || "value" in typedConfig) return filter;
      const http2ProtocolOptions = { ...typedConfig.http2ProtocolOptions, allowConnect: true };
      return { ...filter, typedConfig: { ...typedConfig, http2ProtocolOptions } };
    }),
  });
  const { filterChains, defaultFilterChain } = listener;
  return {
    ...listener,
    ...(filterChains && { filterChains: filterChains.map(inChain) }),
    ...(defaultFilterChain && { defaultFilterChain: inChain(defaultFilterChain) }),
  };
}
