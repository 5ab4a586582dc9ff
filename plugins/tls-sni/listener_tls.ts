import type { Message } from "../../core/plugin/plugin.ts";
import type { Config } from "./options.ts";

type Listener = Message<"envoy.config.listener.v3.Listener">;
type FilterChain = Message<"envoy.config.listener.v3.FilterChain">;
type TlsContext = Message<"envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext">;

const DOWNSTREAM = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
const INSPECTOR = "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector";
const ADS = { ads: {}, resourceApiVersion: "V3" } as const;

type Certificates = NonNullable<Config["certificates"]>;

/**
 * What clients get who name no host: a secret that nobody has, so that the handshake fails at once. It cannot be the
 * listener's own: Envoy 1.40 waits for ever where it has a secret already that is then asked for in this way.
 */
const NO_NAME = "no server name";

/** Envoy asks for a host's certificate when it is first called, by the name that the client says: the listener knows no session. */
export function askForCertificates(listener: Listener, { listenerNames }: Certificates): Listener {
  const { filterChains = [], listenerFilters = [] } = listener;
  if (!filterChains.some(contextOf)) return listener;
  return {
    ...listener,
    filterChains: filterChains.flatMap((chain) => splitChain(chain, listenerNames)),
    // Chains are chosen by the server name, which somebody has to read.
    ...(listenerNames.length > 0 && !listenerFilters.some(({ typedConfig }) => typedConfig?.["@type"] === INSPECTOR) &&
      {
        listenerFilters: [...listenerFilters, { name: "tls-inspector", typedConfig: { "@type": INSPECTOR } }],
      }),
  };
}

/** The names that keep the listener's certificate, and all others. */
function splitChain(chain: FilterChain, listenerNames: readonly string[]): readonly FilterChain[] {
  const context = contextOf(chain);
  if (!context) return [chain];
  const asking = {
    ...chain,
    transportSocket: { name: "tls", typedConfig: { "@type": DOWNSTREAM, ...askByName(context) } },
  } as const;
  if (listenerNames.length === 0) return [asking];
  return [{ ...chain, filterChainMatch: { ...chain.filterChainMatch, serverNames: listenerNames } }, asking];
}

function contextOf({ transportSocket }: FilterChain): TlsContext | undefined {
  const context = transportSocket?.typedConfig;
  return context?.["@type"] === DOWNSTREAM && !("value" in context) ? context : undefined;
}

function askByName(context: TlsContext): TlsContext {
  const { tlsCertificateSdsSecretConfigs: _own, ...common } = context.commonTlsContext ?? {};
  return {
    ...context,
    commonTlsContext: {
      ...common,
      customTlsCertificateSelector: {
        name: "on-demand",
        typedConfig: {
          "@type":
            "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config",
          configSource: ADS,
          certificateMapper: {
            name: "sni",
            typedConfig: {
              "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI",
              defaultValue: NO_NAME,
            },
          },
        },
      },
    },
    // A TLS session that is resumed would go on with a certificate that is not the host's any more.
    disableStatelessSessionResumption: true,
    disableStatefulSessionResumption: true,
  };
}

/** Whether a host goes on with the listener's certificate. */
export function isListenersName(host: string, { listenerNames }: Certificates): boolean {
  return listenerNames.some((name) => name.startsWith("*.") ? host.endsWith(name.slice(1)) : host === name);
}
