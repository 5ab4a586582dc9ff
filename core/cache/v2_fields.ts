/** What of a message the v2 API can say. */
interface V2Message {
  /** Fields that v2 has under the same name and number, with the same meaning. */
  readonly has: readonly string[];
  /** Fields that are left out: no call is answered otherwise without them. */
  readonly spares?: readonly string[];
}

const HEADERS = ["requestHeadersToAdd", "requestHeadersToRemove", "responseHeadersToAdd", "responseHeadersToRemove"];

/**
 * By the name of the v3 message: what is carried over to the v2 API, as Envoy 1.12 (October 2019) knew it. A test holds
 * it to the descriptors of that release.
 */
export const V2_FIELDS: Readonly<Record<string, V2Message>> = {
  "envoy.config.cluster.v3.Cluster": {
    has: [
      "name",
      "altStatName",
      "type",
      "connectTimeout",
      "perConnectionBufferLimitBytes",
      "lbPolicy",
      "loadAssignment",
      "healthChecks",
      "outlierDetection",
      "maxRequestsPerConnection",
      "circuitBreakers",
      "commonHttpProtocolOptions",
      "http2ProtocolOptions",
      "upstreamConnectionOptions",
      "closeConnectionsOnHostHealthFailure",
    ],
  },
  "envoy.config.endpoint.v3.ClusterLoadAssignment": { has: ["clusterName", "endpoints"] },
  "envoy.config.endpoint.v3.LocalityLbEndpoints": {
    has: ["locality", "lbEndpoints", "loadBalancingWeight", "priority"],
  },
  "envoy.config.endpoint.v3.LbEndpoint": { has: ["endpoint", "healthStatus", "loadBalancingWeight"] },
  "envoy.config.endpoint.v3.Endpoint": { has: ["address"] },
  "envoy.config.core.v3.Address": { has: ["socketAddress"] },
  "envoy.config.core.v3.SocketAddress": { has: ["protocol", "address", "portValue"] },
  "envoy.config.core.v3.Locality": { has: ["region", "zone", "subZone"] },
  "envoy.config.cluster.v3.CircuitBreakers": { has: ["thresholds"] },
  "envoy.config.cluster.v3.CircuitBreakers.Thresholds": {
    has: ["priority", "maxConnections", "maxPendingRequests", "maxRequests", "maxRetries"],
  },
  "envoy.config.core.v3.HttpProtocolOptions": { has: ["idleTimeout"] },
  "envoy.config.core.v3.Http2ProtocolOptions": {
    has: ["hpackTableSize", "maxConcurrentStreams", "initialStreamWindowSize", "initialConnectionWindowSize"],
    spares: ["connectionKeepalive"],
  },
  "envoy.config.cluster.v3.UpstreamConnectionOptions": { has: ["tcpKeepalive"] },
  "envoy.config.core.v3.TcpKeepalive": { has: ["keepaliveProbes", "keepaliveTime", "keepaliveInterval"] },
  "envoy.config.core.v3.HealthCheck": {
    has: [
      "timeout",
      "interval",
      "unhealthyThreshold",
      "healthyThreshold",
      "reuseConnection",
      "httpHealthCheck",
      "tcpHealthCheck",
      "grpcHealthCheck",
      "noTrafficInterval",
    ],
  },
  "envoy.config.core.v3.HealthCheck.HttpHealthCheck": { has: ["host", "path"] },
  "envoy.config.core.v3.HealthCheck.TcpHealthCheck": { has: [] },
  "envoy.config.core.v3.HealthCheck.GrpcHealthCheck": { has: ["serviceName", "authority"] },
  "envoy.config.cluster.v3.OutlierDetection": {
    has: [
      "consecutive5xx",
      "interval",
      "baseEjectionTime",
      "maxEjectionPercent",
      "enforcingConsecutive5xx",
      "consecutiveGatewayFailure",
      "enforcingConsecutiveGatewayFailure",
    ],
  },
  "envoy.config.route.v3.VirtualHost": { has: ["domains", "routes", "retryPolicy", ...HEADERS] },
  "envoy.config.route.v3.Route": { has: ["name", "match", "route", "redirect", "directResponse", ...HEADERS] },
  "envoy.config.route.v3.RouteMatch": { has: ["prefix", "path", "safeRegex", "caseSensitive", "headers", "grpc"] },
  "envoy.config.route.v3.RouteMatch.GrpcRouteMatchOptions": { has: [] },
  "envoy.config.route.v3.HeaderMatcher": {
    has: ["name", "exactMatch", "prefixMatch", "suffixMatch", "safeRegexMatch", "presentMatch", "invertMatch"],
  },
  "envoy.type.matcher.v3.RegexMatcher": { has: ["googleRe2", "regex"] },
  "envoy.type.matcher.v3.RegexMatcher.GoogleRE2": { has: [] },
  "envoy.config.route.v3.RouteAction": {
    has: [
      "cluster",
      "weightedClusters",
      "prefixRewrite",
      "timeout",
      "idleTimeout",
      "retryPolicy",
      "autoHostRewrite",
      "upgradeConfigs",
    ],
  },
  "envoy.config.route.v3.RouteAction.UpgradeConfig": { has: ["upgradeType", "enabled"] },
  "envoy.config.route.v3.RetryPolicy": {
    has: ["retryOn", "numRetries", "perTryTimeout", "retriableStatusCodes", "retryBackOff"],
  },
  "envoy.config.route.v3.RetryPolicy.RetryBackOff": { has: ["baseInterval", "maxInterval"] },
  "envoy.config.route.v3.WeightedCluster": { has: ["clusters", "totalWeight"] },
  "envoy.config.route.v3.WeightedCluster.ClusterWeight": { has: ["name", "weight", ...HEADERS] },
  "envoy.config.route.v3.RedirectAction": {
    has: ["httpsRedirect", "hostRedirect", "pathRedirect", "prefixRewrite", "responseCode", "stripQuery"],
  },
  "envoy.config.route.v3.DirectResponseAction": { has: ["status", "body"] },
  "envoy.config.core.v3.DataSource": { has: ["inlineBytes", "inlineString"] },
  "envoy.config.core.v3.HeaderValueOption": { has: ["header", "append"] },
  "envoy.config.core.v3.HeaderValue": { has: ["key", "value"] },
};
