import type { Plugin } from "../../../core/plugin/plugin.ts";

/** Makes of sessions with the label `odd` what passes Signalbox's checks and not everybody takes. */
export default {
  apiVersion: 1,
  setup: () => ({
    cluster(cluster, { session }) {
      switch (session.labels["odd"]) {
        case "rejected":
          // Envoy says that it goes with no cluster of this type.
          return { ...cluster, lbPolicy: "CLUSTER_PROVIDED" };
        case "tls":
          return {
            ...cluster,
            transportSocket: {
              name: "tls",
              typedConfig: {
                "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
              },
            },
          };
      }
    },
  }),
} satisfies Plugin;
