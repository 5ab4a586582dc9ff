import type { Plugin } from "../../core/plugin/plugin.ts";

/** Browsers call gRPC pods by gRPC-web. */
export default {
  apiVersion: 1,
  examples: [{}],
  setup: (_, { name, withHttpFilter }) => ({
    listener: {
      // Before those that may refuse a call, whose answer is made gRPC-web as well.
      order: "pre",
      run: (listener) =>
        withHttpFilter(listener, {
          name,
          typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.grpc_web.v3.GrpcWeb" },
        }),
    },
  }),
} satisfies Plugin;
