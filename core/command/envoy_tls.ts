import { isIP } from "node:net";

/** Paths as Envoy sees them; Signalbox does not read these files. */
export interface EnvoyTls {
  /** Whose certificate Signalbox has. */
  readonly ca: string;
  /** The name in Signalbox's certificate; a DNS name or an IP address. */
  readonly serverName: string;
  /** Envoy's own certificate and its key; absent: it shows none. */
  readonly client?: { readonly cert: string; readonly key: string };
}

/** The transport socket by which Envoy reaches Signalbox. */
export function upstreamTls({ ca, serverName, client }: EnvoyTls, alpn: "h2" | "http/1.1"): unknown {
  const isAddress = isIP(serverName) !== 0;
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
      ...(isAddress ? {} : { sni: serverName }),
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_2" },
        alpn_protocols: [alpn],
        ...(client && {
          tls_certificates: [{ certificate_chain: { filename: client.cert }, private_key: { filename: client.key } }],
        }),
        validation_context: {
          trusted_ca: { filename: ca },
          match_typed_subject_alt_names: [
            { san_type: isAddress ? "IP_ADDRESS" : "DNS", matcher: { exact: serverName } },
          ],
        },
      },
    },
  };
}
