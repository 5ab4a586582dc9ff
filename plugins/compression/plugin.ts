import type { Plugin, Schemas } from "../../core/plugin/plugin.ts";

const config = ({ z }: Schemas) =>
  z.strictObject({
    enabled: z.boolean().default(true).describe("Whether answers are compressed of sessions that do not say it."),
    minBytes: z.int().min(30).max(2 ** 30).exactOptional().describe("Smaller answers stay as they are. Default 30."),
    contentTypes: z.array(
      z.string().regex(/^[^\s;]+\/[^\s;]+$/, "must be a content type without parameters")
        .refine((type) => !type.startsWith("application/grpc"), "must not be gRPC's: it compresses messages itself"),
    ).min(1).exactOptional().describe("Default: Envoy's list of texts, among them HTML, JSON and JavaScript."),
  });

const session = ({ z }: Schemas) => z.strictObject({ enabled: z.boolean() }).optional();

/** Answers over HTTP are compressed for clients that take gzip: all sessions', or those that say so. gRPC stays as it is. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    { config: { enabled: false, contentTypes: ["application/json"] }, session: { enabled: true } },
    { config: { minBytes: 1024 }, session: { enabled: false } },
  ],
  setup: ({ enabled, minBytes, contentTypes }, { name, withHttpFilter }) => ({
    virtualHost(host, { input }) {
      if (input?.enabled ?? enabled) return;
      return {
        ...host,
        typedPerFilterConfig: {
          ...host.typedPerFilterConfig,
          [name]: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.compressor.v3.CompressorPerRoute",
            disabled: true,
          },
        },
      };
    },

    listener: {
      // Before the others, and so after them on the way back: it compresses what they made of the answer.
      order: "pre",
      run: (listener) =>
        withHttpFilter(listener, {
          name,
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.compressor.v3.Compressor",
            responseDirectionConfig: {
              commonConfig: {
                ...(minBytes !== undefined && { minContentLength: { value: minBytes } }),
                ...(contentTypes && { contentTypeMatcher: contentTypes.map((exact) => ({ exact })) }),
              },
            },
            compressorLibrary: {
              name: "gzip",
              typedConfig: {
                "@type": "type.googleapis.com/envoy.extensions.compression.gzip.compressor.v3.Gzip",
              },
            },
          },
        }),
    },
  }),
} satisfies Plugin<typeof config, typeof session>;
