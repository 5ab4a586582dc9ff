import type { Message, Secret, Session } from "../../core/plugin/plugin.ts";
import type { Config, Input } from "./options.ts";

type Cluster = Message<"envoy.config.cluster.v3.Cluster">;
type VirtualHost = Message<"envoy.config.route.v3.VirtualHost">;
type HttpFilter = Message<"envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter">;
type TlsSecret = Message<"envoy.extensions.transport_sockets.tls.v3.Secret">;

const ADS = { ads: {}, resourceApiVersion: "V3" } as const;
const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const CODEC: HttpFilter = {
  name: "codec",
  typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec" },
};

/** A header whose value is a secret, and the name by which Envoy asks for that. */
interface HiddenHeader {
  readonly name: string;
  readonly prefix: string;
  readonly value: Secret;
  readonly secretName: string;
}

/** What the pod of one session gets. */
export interface PodHeaders {
  readonly texts: readonly (readonly [name: string, value: string])[];
  readonly hidden: readonly HiddenHeader[];
  readonly strip: readonly string[];
}

/** A session's own word on a header comes before the operator's, be it a text or a secret. */
export function podHeaders(plugin: string, config: Config, input: Input, { id }: Session): PodHeaders {
  const own = new Set([...Object.keys(input.headers), ...Object.keys(input.secretHeaders)]);
  const merge = <Value>(general: Readonly<Record<string, Value>>, special: Readonly<Record<string, Value>>) =>
    [...Object.entries(general).filter(([name]) => !own.has(name)), ...Object.entries(special)]
      .toSorted(([a], [b]) => a < b ? -1 : 1);
  return {
    texts: merge(config.headers, input.headers),
    hidden: merge(config.secretHeaders, input.secretHeaders)
      .map(([name, value]) => ({ name, ...value, secretName: `${id}/${plugin}/${name}` })),
    strip: [...config.strip, ...input.strip],
  };
}

/** Removal comes before addition: what a client sends of a header is gone even where Envoy would add to it. */
export function setHeaders(host: VirtualHost, { texts, hidden, strip }: PodHeaders): VirtualHost {
  const removed = [...strip, ...texts.map(([name]) => name), ...hidden.map(({ name }) => name)];
  const added = texts.map(([key, value]) => ({
    // A percent sign begins a command, which could read the client's headers and Envoy's environment.
    header: { key, value: value.replaceAll("%", "%%") },
    appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" as const,
  }));
  return {
    ...host,
    requestHeadersToRemove: Array.from(new Set([...host.requestHeadersToRemove ?? [], ...removed])),
    requestHeadersToAdd: [...host.requestHeadersToAdd ?? [], ...added],
  };
}

/** Secrets are put in on the way to the pod: the routes do not hold them, and a new one is a new secret and nothing else. */
export function injectHidden(cluster: Cluster, { hidden }: PodHeaders): Cluster | undefined {
  if (hidden.length === 0) return undefined;
  const options = cluster.typedExtensionProtocolOptions?.[HTTP_OPTIONS] ??
    { "@type": `type.googleapis.com/${HTTP_OPTIONS}`, explicitHttpConfig: { httpProtocolOptions: {} } };
  if (options["@type"] !== `type.googleapis.com/${HTTP_OPTIONS}` || "value" in options) {
    throw new Error(`cannot add headers: the HTTP options of cluster "${cluster.name}" are encoded already`);
  }
  const filters = options.httpFilters ?? [CODEC];
  return {
    ...cluster,
    typedExtensionProtocolOptions: {
      ...cluster.typedExtensionProtocolOptions,
      // The codec is the last one.
      [HTTP_OPTIONS]: { ...options, httpFilters: filters.toSpliced(-1, 0, ...hidden.map(buildInjector)) },
    },
  };
}

function buildInjector({ name, prefix, secretName }: HiddenHeader): HttpFilter {
  return {
    name: secretName,
    typedConfig: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector",
      overwrite: true,
      credential: {
        name: "generic",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.http.injected_credentials.generic.v3.Generic",
          credential: { name: secretName, sdsConfig: ADS },
          header: name,
          headerValuePrefix: prefix,
        },
      },
    },
  };
}

export function headerSecrets({ hidden }: PodHeaders): readonly TlsSecret[] {
  return hidden.map(({ secretName, value }) => ({
    name: secretName,
    genericSecret: { secret: { inlineString: value.reveal() } },
  }));
}
