import type { Message } from "../proto/message_types.ts";
import type { Backend, Session } from "../session/session.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type LbEndpoint = Message<"envoy.config.endpoint.v3.LbEndpoint">;

/** A pod is one hop away: a connection that takes longer is not coming. */
const CONNECT_TIMEOUT = { seconds: 2 };

/**
 * One client may hold many streams to its pod; Envoy's default limits of 1,024 are meant for services that share a
 * proxy fairly, and would refuse a busy session.
 */
const MAX_PER_SESSION = { value: 65_536 };

/** The pod speaks HTTP/2 (gRPC), without TLS. Dead pods are noticed by pings, since a vanished pod sends no reset. */
const HTTP2_TO_POD: NonNullable<Cluster["typedExtensionProtocolOptions"]> = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicitHttpConfig: {
      http2ProtocolOptions: {
        connectionKeepalive: { interval: { seconds: 30 }, timeout: { seconds: 5 } },
      },
    },
  },
};

export function buildEndpoint({ address, port, weight }: Backend): LbEndpoint {
  return {
    endpoint: { address: { socketAddress: { address, portValue: port } } },
    loadBalancingWeight: { value: weight },
  };
}

/** The session's cluster, with its endpoints in it: Envoy then has both in one step. */
export function buildCluster(session: Session, endpoints: readonly LbEndpoint[]): Cluster {
  return {
    name: session.id,
    type: "STATIC",
    connectTimeout: CONNECT_TIMEOUT,
    loadAssignment: { clusterName: session.id, endpoints: [{ lbEndpoints: [...endpoints] }] },
    circuitBreakers: {
      thresholds: [{
        maxConnections: MAX_PER_SESSION,
        maxPendingRequests: MAX_PER_SESSION,
        maxRequests: MAX_PER_SESSION,
      }],
    },
    typedExtensionProtocolOptions: HTTP2_TO_POD,
  };
}
