import type { Plugin, Schemas } from "../../core/plugin/plugin.ts";

const CONDITIONS = [
  ...["connect-failure", "refused-stream", "reset-before-request", "reset", "gateway-error", "5xx", "retriable-4xx"],
  ...["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
] as const;

const config = ({ z, duration }: Schemas) => {
  const time = () => duration().refine(({ seconds, nanos }) => Boolean(seconds || nanos), "must be more than 0s");
  return z.strictObject({
    on: z.array(z.enum(CONDITIONS)).min(1).exactOptional().describe("Failures after which a call is tried again."),
    attempts: z.int().min(0).max(10).exactOptional().describe("How often it is tried again. 0: never."),
    perTry: time().exactOptional().describe("How long one try may take, to the end of its answer."),
    backOff: time().exactOptional().describe(
      "Before the first new try, about; later ones wait longer, up to 10 times.",
    ),
  });
};

const session = (schemas: Schemas) => config(schemas).optional();

/** Which failed calls are tried again, and how often: the operator's for all sessions, and each session's own before them. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    { config: { on: ["unavailable", "connect-failure"], attempts: 3 }, session: { perTry: "2s", backOff: "50ms" } },
    { config: { attempts: 0 }, session: { attempts: 1 } },
  ],
  setup: (defaults) => ({
    route(route, { input }) {
      // Redirects and direct responses have nobody to ask again.
      if (route.route === undefined) return;
      const { on, attempts, perTry, backOff } = { ...defaults, ...input };
      return {
        ...route,
        route: {
          ...route.route,
          retryPolicy: {
            ...route.route.retryPolicy,
            ...(on && { retryOn: on.join(",") }),
            ...(attempts !== undefined && { numRetries: { value: attempts } }),
            ...(perTry && { perTryTimeout: perTry }),
            ...(backOff && { retryBackOff: { baseInterval: backOff } }),
            // Where the session has another pod, that one is asked next.
            retryHostPredicate: [{
              name: "envoy.retry_host_predicates.previous_hosts",
              typedConfig: {
                "@type": "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
              },
            }],
            hostSelectionRetryMaxAttempts: 5,
          },
        },
      };
    },
  }),
} satisfies Plugin<typeof config, typeof session>;
