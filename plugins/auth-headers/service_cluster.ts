import type { Message } from "../../core/plugin/plugin.ts";
import type { Service } from "./options.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;

export interface ServiceClusterOptions extends Pick<Service, "url" | "caFile"> {
  readonly name: string;
  readonly http2: boolean;
}

/** Where a service of the operator's is. */
export function buildServiceCluster({ name, url, caFile, http2 }: ServiceClusterOptions): Cluster {
  const { protocol, hostname, port } = new URL(url);
  const tls = protocol === "https:";
  // Without the brackets of an IPv6 address.
  const address = hostname.replace(/^\[|\]$/g, "");
  const isName = !/^[\d.]+$|:/.test(address);
  const portValue = port === "" ? tls ? 443 : 80 : Number(port);
  return {
    name,
    type: "STRICT_DNS",
    connectTimeout: { seconds: 2 },
    loadAssignment: {
      clusterName: name,
      endpoints: [{ lbEndpoints: [{ endpoint: { address: { socketAddress: { address, portValue } } } }] }],
    },
    typedExtensionProtocolOptions: {
      "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
        explicitHttpConfig: http2 ? { http2ProtocolOptions: {} } : { httpProtocolOptions: {} },
      },
    },
    ...(tls && {
      transportSocket: {
        name: "tls",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
          ...(isName && { sni: address }),
          commonTlsContext: {
            alpnProtocols: [http2 ? "h2" : "http/1.1"],
            validationContext: {
              trustedCa: { filename: caFile },
              matchTypedSubjectAltNames: [{ sanType: isName ? "DNS" : "IP_ADDRESS", matcher: { exact: address } }],
            },
          },
        },
      },
    }),
  };
}
