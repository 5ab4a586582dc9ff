import type { Plugin, Schemas } from "../../core/plugin/plugin.ts";

const config = ({ z, duration }: Schemas) =>
  z.strictObject({
    request: duration().exactOptional()
      .describe("From the end of a request to the end of its response; streams that go on for long need 0s: none."),
    idle: duration().exactOptional().describe("How long nothing may be sent either way. 0s: for ever."),
    maxStream: duration().exactOptional().describe("How long a stream may live, busy or not. 0s: for ever."),
    connect: duration().refine((time) => time.seconds !== 0 || time.nanos !== undefined, "must be more than 0s")
      .exactOptional().describe("How long connecting to the pod may take."),
  });

const session = (schemas: Schemas) => config(schemas).optional();

/** Timeouts of routes and of connections to pods: the operator's for all sessions, and each session's own before them. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    { config: {} },
    { config: { request: "30s", idle: "5m" }, session: { request: "0s", maxStream: "1h30m", connect: "250ms" } },
  ],
  setup: (defaults) => ({
    cluster(cluster, { input }) {
      const connect = input?.connect ?? defaults.connect;
      return connect && { ...cluster, connectTimeout: connect };
    },
    route(route, { input }) {
      // Redirects and direct responses wait for nobody.
      if (route.route === undefined) return;
      const { request, idle, maxStream } = { ...defaults, ...input };
      return {
        ...route,
        route: {
          ...route.route,
          ...(request && { timeout: request }),
          ...(idle && { idleTimeout: idle }),
          ...(maxStream && { maxStreamDuration: { ...route.route.maxStreamDuration, maxStreamDuration: maxStream } }),
        },
      };
    },
  }),
} satisfies Plugin<typeof config, typeof session>;
