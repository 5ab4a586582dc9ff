import type { Plugin } from "../../../core/plugin/plugin.ts";

/**
 * Makes what our checks let pass and Envoy does not, as the session's label "broken" says: a cluster with an extension
 * that Envoy has not, or a route with a pattern that is none.
 */
export default {
  apiVersion: 1,
  setup: () => ({
    cluster: (cluster, { session: { labels } }) =>
      labels["broken"] !== "cluster" ? undefined : {
        ...cluster,
        typedExtensionProtocolOptions: {
          ...cluster.typedExtensionProtocolOptions,
          "no.such.extension": {
            "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
            explicitHttpConfig: { httpProtocolOptions: {} },
          },
        },
      },
    route: (route, { session: { labels } }) =>
      labels["broken"] === "route" ? { ...route, match: { safeRegex: { regex: "(" } } } : undefined,
  }),
} satisfies Plugin;
