import type { BundledPlugins } from "../../core/plugin/load_plugins.ts";
import type { Plugin, Schemas } from "../../core/plugin/plugin.ts";
import timeouts from "../../plugins/timeouts/plugin.ts";

const token = ({ z }: Schemas) => z.strictObject({ token: z.string().min(8) });

/** Sends the session's own token to the pod, and strips what a client sends in its place. */
const credentials = {
  apiVersion: 1,
  session: token,
  setup: () => ({
    route: (route, { input }) => ({
      ...route,
      requestHeadersToAdd: [{
        header: { key: "authorization", value: `Bearer ${input.token}` },
        appendAction: "OVERWRITE_IF_EXISTS_OR_ADD",
      }],
    }),
  }),
} satisfies Plugin<undefined, typeof token>;

const share = ({ z }: Schemas) => z.strictObject({ address: z.ipv4(), percent: z.int().min(0).max(100) });

/** A second cluster with a share of the requests. */
const canary = {
  apiVersion: 1,
  session: share,
  setup: () => ({
    cluster: (cluster, { input }) => {
      const socketAddress = { address: input.address, portValue: 50051 };
      const endpoints = [{ lbEndpoints: [{ endpoint: { address: { socketAddress } } }] }];
      return [cluster, { ...cluster, name: `${cluster.name}/canary`, loadAssignment: { endpoints } }];
    },
    route: (route, { input: { percent }, session: { id } }) => ({
      ...route,
      route: {
        ...route.route,
        cluster: undefined,
        weightedClusters: {
          clusters: [
            { name: id, weight: { value: 100 - percent } },
            { name: `${id}/canary`, weight: { value: percent } },
          ],
        },
      },
    }),
  }),
} satisfies Plugin<undefined, typeof share>;

/** TLS to every cluster of the session, with the session's host as its server name. */
const upstreamTls = {
  apiVersion: 1,
  setup: () => ({
    cluster: (cluster, { session }) => ({
      ...cluster,
      transportSocket: {
        name: "tls",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
          sni: session.host,
          commonTlsContext: { validationContext: { trustedCa: { filename: "/etc/ssl/certs/ca-certificates.crt" } } },
        },
      },
    }),
  }),
} satisfies Plugin;

/** Reads everything and changes nothing: what a hook costs that keeps. */
const onlooker = {
  apiVersion: 1,
  setup: () => ({ session() {}, endpoint() {}, cluster() {}, secret() {}, route() {}, virtualHost() {} }),
} satisfies Plugin;

/** Five plugins of the kinds that there are, in the order in which they are configured. */
export const samplePlugins: BundledPlugins = {
  credentials: () => Promise.resolve({ default: credentials }),
  canary: () => Promise.resolve({ default: canary }),
  "upstream-tls": () => Promise.resolve({ default: upstreamTls }),
  timeouts: () => Promise.resolve({ default: timeouts }),
  onlooker: () => Promise.resolve({ default: onlooker }),
};

/** What every session says to them. */
export const sampleInput = {
  credentials: { token: "0123456789abcdef" },
  canary: { address: "10.1.0.1", percent: 10 },
  timeouts: { request: "30s", idle: "5m" },
};
