import type { Plugin } from "../../../core/plugin/plugin.ts";

const typedPerFilterConfig = {
  "envoy.filters.http.cors": {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
  },
} as const;

/** Gives every session what Envoy takes and gRPC clients refuse: a filter's settings, and a retry policy of no tries. */
export default {
  apiVersion: 1,
  setup: () => ({
    route: (route) => ({
      ...route,
      typedPerFilterConfig,
      route: { ...route.route, retryPolicy: { retryOn: "unavailable", numRetries: { value: 0 } } },
    }),
    virtualHost: (virtualHost) => ({ ...virtualHost, typedPerFilterConfig }),
  }),
} satisfies Plugin;
