import type { Message, Session } from "../../core/plugin/plugin.ts";
import type { Config, Input } from "./options.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type Secret = Message<"envoy.extensions.transport_sockets.tls.v3.Secret">;
type SanMatcher = Message<"envoy.extensions.transport_sockets.tls.v3.SubjectAltNameMatcher">;

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const ADS = { ads: {}, resourceApiVersion: "V3" } as const;

/** Where the secrets of one session are: apart, so that a renewed certificate touches no connection. */
const namesOf = (plugin: string, { id }: Session) => ({ ca: `${id}/${plugin}/ca`, client: `${id}/${plugin}/client` });

/** TLS to the session's pods, if anybody asks for it. */
function podOf(config: Config, input: Input) {
  const pod = { ...config.pod, ...input.pod };
  if (!config.pod && !input.pod) return undefined;
  const { ca } = pod;
  if (ca === undefined) throw new Error("pod.ca: is required, or nobody would check which pod it is");
  return { ...pod, ca };
}

export function encryptToPod(plugin: string, config: Config, input: Input, session: Session, cluster: Cluster) {
  const pod = podOf(config, input);
  if (!pod) return undefined;
  const { sni = session.host, names = [sni], certificate } = pod;
  const secrets = namesOf(plugin, session);
  return {
    ...cluster,
    transportSocket: {
      name: "tls",
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        sni,
        commonTlsContext: {
          alpnProtocols: [protocolOf(cluster)],
          combinedValidationContext: {
            defaultValidationContext: { matchTypedSubjectAltNames: names.map(buildMatcher) },
            validationContextSdsSecretConfig: { name: secrets.ca, sdsConfig: ADS },
          },
          ...(certificate && { tlsCertificateSdsSecretConfigs: [{ name: secrets.client, sdsConfig: ADS }] }),
        },
      },
    },
  } satisfies Cluster;
}

/** What Envoy speaks inside: a server that offers nothing else refuses the handshake of who asks for another. */
function protocolOf({ typedExtensionProtocolOptions }: Cluster): "h2" | "http/1.1" {
  const options = typedExtensionProtocolOptions?.[HTTP_OPTIONS];
  const http1 = options && "explicitHttpConfig" in options && options.explicitHttpConfig?.httpProtocolOptions;
  return http1 ? "http/1.1" : "h2";
}

export function podSecrets(plugin: string, config: Config, input: Input, session: Session): readonly Secret[] {
  const pod = podOf(config, input);
  if (!pod) return [];
  const { ca, client } = namesOf(plugin, session);
  return [
    { name: ca, validationContext: { trustedCa: { inlineString: pod.ca.reveal() } } },
    ...(pod.certificate ? [buildCertificate(client, pod.certificate)] : []),
  ];
}

export function buildCertificate(name: string, { cert, key }: NonNullable<Input["certificate"]>): Secret {
  return {
    name,
    tlsCertificate: { certificateChain: { inlineString: cert.reveal() }, privateKey: { inlineString: key.reveal() } },
  };
}

function buildMatcher(name: string): SanMatcher {
  const sanType = name.includes("://") ? "URI" : /^[\d.]+$|:/.test(name) ? "IP_ADDRESS" : "DNS";
  return { sanType, matcher: { exact: name } };
}
