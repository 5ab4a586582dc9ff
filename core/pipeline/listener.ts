import { ROUTES, ROUTES_BY_VHDS } from "../cache/names.ts";
import type { Message } from "../proto/message_types.ts";

type Listener = Message<"envoy.config.listener.v3.Listener">;
type ConnectionManager = Message<
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
>;
type TransportSocket = Message<"envoy.config.core.v3.TransportSocket">;

/** Where a listener takes its routes from, and whether Envoy asks for what it does not have when it is first called. */
export interface Layout {
  readonly routes: "scoped" | "rds" | "vhds";
  readonly clusters: "push" | "on-demand";
}

export interface ListenerInput {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tls: boolean;
}

const ADS = { ads: {}, resourceApiVersion: "V3" } as const;
const MINUTES = 60;
const KIB = 1024;

/**
 * The secret with a listener's certificate. Apart from the listener, so that a new certificate drains no connection. No
 * session's secret can have this name, for neither ids nor hosts have a colon.
 */
export const secretNameOf = (listener: string): string => `listener:${listener}`;

/**
 * A scope is found by comparing bytes, while hosts are compared without case. Only a request with a capital in its
 * authority is rewritten, and its route looked up anew.
 */
const LOWER_CASE_AUTHORITY = `function envoy_on_request(handle)
  local authority = handle:headers():get(":authority")
  if authority ~= nil and authority:find("%u") then
    handle:headers():replace(":authority", authority:lower())
    handle:clearRouteCache()
  end
end`;

const ACCESS_LOG_FIELDS: Record<string, string> = {
  time: "%START_TIME%",
  authority: "%REQ(:AUTHORITY)%",
  method: "%REQ(:METHOD)%",
  path: "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
  protocol: "%PROTOCOL%",
  status: "%RESPONSE_CODE%",
  grpc_status: "%GRPC_STATUS%",
  flags: "%RESPONSE_FLAGS%",
  details: "%RESPONSE_CODE_DETAILS%",
  duration_ms: "%DURATION%",
  bytes_received: "%BYTES_RECEIVED%",
  bytes_sent: "%BYTES_SENT%",
  cluster: "%UPSTREAM_CLUSTER%",
  upstream: "%UPSTREAM_HOST%",
  client: "%DOWNSTREAM_REMOTE_ADDRESS%",
  request_id: "%REQ(X-REQUEST-ID)%",
};

function routesOf({ routes }: Layout): Partial<ConnectionManager> {
  if (routes !== "scoped") {
    return { rds: { routeConfigName: routes === "rds" ? ROUTES : ROUTES_BY_VHDS, configSource: ADS } };
  }
  return {
    scopedRoutes: {
      name: "sessions",
      scopeKeyBuilder: {
        fragments: [{
          // The separator cannot occur in an authority: the first element is all of it.
          headerValueExtractor: { name: ":authority", elementSeparator: "\n", index: 0 },
        }],
      },
      rdsConfigSource: ADS,
      scopedRds: { scopedRdsConfigSource: ADS },
    },
  };
}

type HttpFilters = NonNullable<ConnectionManager["httpFilters"]>;

const LOWER_CASE: HttpFilters[number] = {
  name: "lower-case-authority",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
    defaultSourceCode: { inlineString: LOWER_CASE_AUTHORITY },
  },
};

/** Holds a call back until its cluster (and by VHDS its virtual host) has been asked for and is there, or is not. */
const ON_DEMAND: HttpFilters[number] = {
  name: "on-demand",
  typedConfig: {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand",
    odcds: { source: ADS, timeout: { seconds: 5 } },
  },
};

const ROUTER: HttpFilters[number] = {
  name: "router",
  typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
};

/** In the order in which a request passes them: what is asked for depends on the authority. */
function filtersOf({ routes, clusters }: Layout): HttpFilters {
  return [
    ...(routes === "scoped" ? [LOWER_CASE] : []),
    ...(clusters === "on-demand" ? [ON_DEMAND] : []),
    ROUTER,
  ];
}

/** Limits after Envoy's advice for proxies at the edge; streams may be long, connections that do nothing may not. */
function buildConnectionManager(layout: Layout): ConnectionManager {
  return {
    statPrefix: "ingress",
    codecType: "AUTO",
    ...routesOf(layout),
    stripAnyHostPort: true,
    useRemoteAddress: { value: true },
    normalizePath: { value: true },
    mergeSlashes: true,
    pathWithEscapedSlashesAction: "UNESCAPE_AND_REDIRECT",
    requestHeadersTimeout: { seconds: 10 },
    streamIdleTimeout: { seconds: 60 * MINUTES },
    commonHttpProtocolOptions: {
      idleTimeout: { seconds: 60 * MINUTES },
      headersWithUnderscoresAction: "REJECT_REQUEST",
    },
    http2ProtocolOptions: {
      maxConcurrentStreams: { value: 100 },
      initialStreamWindowSize: { value: 64 * KIB },
      initialConnectionWindowSize: { value: 1024 * KIB },
      connectionKeepalive: { interval: { seconds: 30 }, timeout: { seconds: 10 } },
    },
    accessLog: [{
      name: "stdout",
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        logFormat: { jsonFormat: ACCESS_LOG_FIELDS },
      },
    }],
    httpFilters: filtersOf(layout),
  };
}

function buildTls(name: string): TransportSocket {
  return {
    name: "tls",
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      commonTlsContext: {
        alpnProtocols: ["h2", "http/1.1"],
        tlsParams: { tlsMinimumProtocolVersion: "TLSv1_2" },
        tlsCertificateSdsSecretConfigs: [{ name: secretNameOf(name), sdsConfig: ADS }],
      },
    },
  };
}

/** A listener that knows no session: a change of a listener drains its connections. */
export function buildListener({ name, address, port, tls }: ListenerInput, layout: Layout): Listener {
  const filterChain = {
    filters: [{
      name: "http",
      typedConfig: {
        "@type":
          "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager" as const,
        ...buildConnectionManager(layout),
      },
    }],
  };
  return {
    name,
    address: { socketAddress: { address, portValue: port } },
    perConnectionBufferLimitBytes: { value: 32 * KIB },
    filterChains: [tls ? { ...filterChain, transportSocket: buildTls(name) } : filterChain],
  };
}
