import type { JsonValue, Message, OutputOf, Plugin, Schemas } from "../../core/plugin/plugin.ts";

type Listener = Message<"envoy.config.listener.v3.Listener">;
type FilterChain = Message<"envoy.config.listener.v3.FilterChain">;
type AccessLog = Message<"envoy.config.accesslog.v3.AccessLog">;

const CONNECTION_MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const STDOUT = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog";
const STDERR = "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StderrAccessLog";
const FILE = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";

const config = ({ z }: Schemas) =>
  z.strictObject({
    fields: z.record(z.string().min(1), z.union([z.string(), z.null()])).default({})
      .describe(
        "Fields beside Signalbox's, or in their place, by name: Envoy's format strings. null leaves a field out.",
      ),
    labels: z.array(
      z.string().regex(/^[^:()%]+$/, "must be the key of a label")
        .refine((key) => key !== "session", "is the field of the session's id"),
    ).default([])
      .describe("Labels of sessions that become fields, by key."),
    sink: z.union([z.enum(["stdout", "stderr", "none"]), z.strictObject({ file: z.string().min(1) })]).default(
      "stdout",
    ),
    only: z.enum(["all", "failures"]).default("all").describe("failures: calls that do not end as OK."),
  });

type Config = OutputOf<typeof config>;

/** What Envoy writes down of each call, and where; with the session's id and labels, though no listener knows them. */
export default {
  apiVersion: 1,
  config,
  examples: [
    { config: {} },
    {
      config: {
        fields: { user_agent: "%REQ(USER-AGENT)%", client: null },
        labels: ["team", "example.org/tier"],
        sink: { file: "/var/log/envoy/calls.log" },
        only: "failures",
      },
    },
    { config: { sink: "none" } },
  ],
  setup: (config, { name }) => ({
    // A route's metadata are there for the log to read: a change of a session is no change of a listener.
    route: (route, { session: { id, labels } }) => ({
      ...route,
      metadata: {
        ...route.metadata,
        filterMetadata: {
          ...route.metadata?.filterMetadata,
          [name]: {
            session: id,
            ...Object.fromEntries(
              config.labels.flatMap((key) => Object.hasOwn(labels, key) ? [[key, labels[key] ?? ""]] : []),
            ),
          },
        },
      },
    }),

    listener: (listener) => {
      const ofSession = Object.fromEntries(
        ["session", ...config.labels].map((key) => [key, `%METADATA(ROUTE:${name}:${key})%`]),
      );
      return withAccessLogs(listener, (present) => accessLogs(config, { ...fieldsOf(present), ...ofSession }));
    },
  }),
} satisfies Plugin<typeof config>;

type Fields = Readonly<Record<string, JsonValue>>;

/** Of the log that is there already. */
function fieldsOf([present]: readonly AccessLog[]): Fields {
  const typed = present?.typedConfig;
  return typed?.["@type"] === STDOUT && !("value" in typed) ? typed.logFormat?.jsonFormat ?? {} : {};
}

function accessLogs({ fields, sink, only }: Config, present: Fields): readonly AccessLog[] {
  if (sink === "none") return [];
  const jsonFormat = Object.fromEntries(
    Object.entries({ ...present, ...fields }).filter((entry): entry is [string, JsonValue] => entry[1] !== null),
  );
  const logFormat = { jsonFormat };
  // By HTTP's status where the call is not gRPC.
  const filter = { grpcStatusFilter: { statuses: ["OK" as const], exclude: true } };
  const typedConfig = typeof sink === "object"
    ? { "@type": FILE, path: sink.file, logFormat } as const
    : sink === "stdout"
    ? { "@type": STDOUT, logFormat } as const
    : { "@type": STDERR, logFormat } as const;
  return [{ name: "calls", typedConfig, ...(only === "failures" && { filter }) }];
}

/** The listener with other access logs in each of its connection managers. */
function withAccessLogs(listener: Listener, change: (present: readonly AccessLog[]) => readonly AccessLog[]): Listener {
  const inChain = (chain: FilterChain): FilterChain => ({
    ...chain,
    filters: chain.filters?.map((filter) => {
      const { typedConfig } = filter;
      if (typedConfig?.["@type"] !== CONNECTION_MANAGER || "value" in typedConfig) return filter;
      return { ...filter, typedConfig: { ...typedConfig, accessLog: change(typedConfig.accessLog ?? []) } };
    }),
  });
  const { filterChains, defaultFilterChain } = listener;
  return {
    ...listener,
    ...(filterChains && { filterChains: filterChains.map(inChain) }),
    ...(defaultFilterChain && { defaultFilterChain: inChain(defaultFilterChain) }),
  };
}
