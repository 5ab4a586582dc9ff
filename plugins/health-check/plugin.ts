import type { Message, OutputOf, Plugin, Schemas } from "../../core/plugin/plugin.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const config = ({ z, duration }: Schemas) => {
  const time = () => duration().refine(({ seconds, nanos }) => Boolean(seconds || nanos), "must be more than 0s");
  const count = () => z.int().min(1).max(1000);
  const active = z.strictObject({
    check: z.union([
      z.strictObject({ grpc: z.string() }).describe("grpc.health.v1 of this service; empty: of the pod."),
      z.strictObject({ http: z.string().startsWith("/") }).describe("GET of this path answers 200, as calls are made."),
      z.literal("tcp").describe("A connection opens."),
    ]),
    interval: time().prefault("5s"),
    timeout: time().prefault("1s"),
    unhealthy: count().default(3).describe("Failed checks in a row after which a pod gets no calls."),
    healthy: count().default(1).describe("Passed checks in a row after which it gets them again."),
  });
  const outliers = z.strictObject({
    failures: count().default(5).describe("Calls in a row that end as 502, 503, 504 or without an answer."),
    ejectFor: time().prefault("30s").describe("Times how often the pod has been ejected before."),
  });
  return z.strictObject({
    active: z.union([active, z.literal(false)]).exactOptional().describe("Envoy asks pods how they are."),
    outliers: z.union([outliers, z.literal(false)]).exactOptional().describe("Envoy watches how calls end."),
    panic: z.number().min(0).max(100).exactOptional()
      .describe("Where fewer percent of a session's pods are well, all get calls. 0: the calls fail. Default 50."),
  });
};

const session = (schemas: Schemas) => config(schemas).optional();

type Options = OutputOf<typeof config>;

/** Pods that are not well get no calls: they are asked, or watched. The operator's word, and each session's own before it. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    { config: { active: { check: { grpc: "" } }, outliers: {} }, session: { active: false, panic: 0 } },
    { config: { active: { check: "tcp" } }, session: { active: { check: { http: "/healthz" }, interval: "10s" } } },
  ],
  setup: (defaults) => ({
    cluster: {
      // After plugins that make more clusters of one.
      order: "post",
      run: (cluster, { input }) => {
        const { active, outliers, panic } = { ...defaults, ...input };
        return {
          ...cluster,
          ...(active && { healthChecks: [healthCheckOf(active, protocolOf(cluster))] }),
          ...(outliers && { outlierDetection: outlierDetectionOf(outliers) }),
          ...(panic !== undefined && {
            commonLbConfig: { ...cluster.commonLbConfig, healthyPanicThreshold: { value: panic } },
          }),
        };
      },
    },
  }),
} satisfies Plugin<typeof config, typeof session>;

/** Whoever checks over HTTP says it once more: Envoy does not take it from the cluster. */
function protocolOf({ typedExtensionProtocolOptions }: Cluster): "HTTP1" | "HTTP2" {
  const options = typedExtensionProtocolOptions?.[HTTP_OPTIONS];
  const http1 = options && "explicitHttpConfig" in options && options.explicitHttpConfig?.httpProtocolOptions;
  return http1 ? "HTTP1" : "HTTP2";
}

function healthCheckOf(
  { check, interval, timeout, unhealthy, healthy }: Exclude<Options["active"], false | undefined>,
  codecClientType: "HTTP1" | "HTTP2",
): NonNullable<Cluster["healthChecks"]>[number] {
  return {
    interval,
    timeout,
    // Else it is a minute until a session has had its first call.
    noTrafficInterval: interval,
    unhealthyThreshold: { value: unhealthy },
    healthyThreshold: { value: healthy },
    ...(check === "tcp"
      ? { tcpHealthCheck: {} }
      : "grpc" in check
      ? { grpcHealthCheck: { serviceName: check.grpc } }
      : { httpHealthCheck: { path: check.http, codecClientType } }),
  };
}

function outlierDetectionOf(
  { failures, ejectFor }: Exclude<Options["outliers"], false | undefined>,
): NonNullable<Cluster["outlierDetection"]> {
  return {
    consecutiveGatewayFailure: { value: failures },
    enforcingConsecutiveGatewayFailure: { value: 100 },
    // An answer of the pod's own making, such as INTERNAL, says nothing of the next call.
    enforcingConsecutive5xx: { value: 0 },
    // A session has too few pods for statistics.
    enforcingSuccessRate: { value: 0 },
    baseEjectionTime: ejectFor,
    // How often Envoy looks whose time is over.
    interval: { seconds: 1 },
    // Envoy's own 10 percent is none of two pods; what should happen when many are ejected, panic says.
    maxEjectionPercent: { value: 100 },
  };
}
