import type { EnvoyTls } from "./envoy_tls.ts";
import { formatHostPort, type HostPort } from "./host_port.ts";

export interface GrpcBootstrapOptions {
  /** Signalbox's gRPC port. */
  readonly server: HostPort;
  readonly nodeId: string;
  readonly nodeCluster: string;
  /** Absent: cleartext. */
  readonly tls?: Pick<EnvoyTls, "ca" | "client">;
}

/** What `GRPC_XDS_BOOTSTRAP` names for gRPC clients without a proxy (gRFC A27): JSON in every language. */
export function buildGrpcBootstrap({ server, nodeId, nodeCluster, tls }: GrpcBootstrapOptions): unknown {
  return {
    xds_servers: [{
      server_uri: formatHostPort(server),
      channel_creds: [tls ? { type: "tls", config: tlsConfig(tls) } : { type: "insecure" }],
      server_features: ["xds_v3"],
    }],
    // grpc-js takes no node without a locality.
    node: { id: nodeId, cluster: nodeCluster, locality: {} },
  };
}

/** gRFC A65. Clients read the files again, so that new certificates are taken up. */
function tlsConfig({ ca, client }: NonNullable<GrpcBootstrapOptions["tls"]>): unknown {
  const own = client && { certificate_file: client.cert, private_key_file: client.key };
  return { ca_certificate_file: ca, ...own, refresh_interval: "600s" };
}
