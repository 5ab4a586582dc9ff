import type { Plugin, Schemas } from "../../core/plugin/plugin.ts";

/** What Envoy needs to fill a bucket again. */
const MIN_INTERVAL_NANOS = 50_000_000;

const config = ({ z, duration }: Schemas) => {
  const count = () => z.int().min(1, "must be at least 1").max(2 ** 31);
  return z.strictObject({
    requests: count().exactOptional().describe("How many in a time of per. Left out: any number."),
    per: duration()
      .refine(
        ({ seconds, nanos = 0 }) => Number(seconds ?? 0) > 0 || nanos >= MIN_INTERVAL_NANOS,
        "must be at least 50ms",
      )
      .exactOptional().describe("Default 1s."),
    burst: count().exactOptional().describe(
      "How many at once, after a time without any. Default: as many as requests.",
    ),
  });
};

const session = (schemas: Schemas) => config(schemas).optional();

const ALWAYS = { defaultValue: { numerator: 100 } };

/** How many requests a session may get: more are answered 429, by gRPC RESOURCE_EXHAUSTED, and do not reach the pod. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    { config: { requests: 50, burst: 200 }, session: { requests: 1000, per: "1m" } },
  ],
  setup: (defaults, { name, withHttpFilter }) => ({
    virtualHost(host, { input }) {
      const { requests, per = { seconds: 1 }, burst = requests } = { ...defaults, ...input };
      if (requests === undefined || burst === undefined) return;
      return {
        ...host,
        typedPerFilterConfig: {
          ...host.typedPerFilterConfig,
          [name]: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            statPrefix: name,
            tokenBucket: { maxTokens: burst, tokensPerFill: { value: requests }, fillInterval: per },
            filterEnabled: ALWAYS,
            filterEnforced: ALWAYS,
            rateLimitedAsResourceExhausted: true,
            enableRetryAfterHeader: true,
          },
        },
      };
    },
    listener: {
      // After those that ask who is there: a stranger must not use up what a session may get.
      order: "post",
      run: (listener) =>
        withHttpFilter(listener, {
          name,
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
            statPrefix: name,
          },
        }),
    },
  }),
} satisfies Plugin<typeof config, typeof session>;
