import type { Message, Plugin, Schemas } from "../../core/plugin/plugin.ts";

const ORIGIN = /^(\*|https?:\/\/(\*\.)?[a-z0-9.-]+(:\d+)?)$/;

const policy = ({ z, duration }: Schemas) => {
  const names = () => z.array(z.string().regex(/^[A-Za-z0-9-]+$|^\*$/, "must be a name, or *"));
  return z.strictObject({
    origins: z.array(z.string().regex(ORIGIN, 'must be as "https://app.example.org", "https://*.example.org" or "*"'))
      .exactOptional().describe("Whose pages may call."),
    methods: names().exactOptional(),
    headers: names().exactOptional().describe("Headers that pages may send."),
    expose: names().exactOptional().describe("Headers that pages may read."),
    maxAge: duration().exactOptional().describe("How long a browser remembers the answer to a preflight."),
    credentials: z.boolean().exactOptional().describe("Whether browsers send cookies."),
  });
};

const session = (schemas: Schemas) => policy(schemas).optional();

/** What gRPC-web needs. */
const DEFAULTS = {
  methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
  headers: ["authorization", "content-type", "grpc-timeout", "x-grpc-web", "x-user-agent"],
  expose: ["grpc-message", "grpc-status", "grpc-status-details-bin"],
  maxAge: { seconds: 600 },
  credentials: false,
};

/** Which web pages may call a session from a browser. Preflights are answered at the edge. */
export default {
  apiVersion: 1,
  config: policy,
  session,
  examples: [
    { config: {} },
    {
      config: { origins: ["https://*.example.org"], credentials: true },
      session: { origins: ["https://app.example.org:8443"], headers: ["x-tenant"], maxAge: "1h" },
    },
  ],
  setup: (config, { name, withHttpFilter }) => ({
    virtualHost(host, { input }) {
      const { origins = [], methods, headers, expose, maxAge, credentials } = { ...DEFAULTS, ...config, ...input };
      if (origins.length === 0) return;
      // A browser would take it; but then any page on earth could act for whoever is logged in.
      if (credentials && origins.includes("*")) throw new Error('credentials: not with the origin "*"');
      return {
        ...host,
        typedPerFilterConfig: {
          ...host.typedPerFilterConfig,
          [name]: {
            "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy",
            allowOriginStringMatch: origins.map(buildMatcher),
            allowMethods: methods.join(","),
            allowHeaders: headers.join(","),
            exposeHeaders: expose.join(","),
            maxAge: String(maxAge.seconds ?? 0),
            allowCredentials: { value: credentials },
            forwardNotMatchingPreflights: { value: false },
          },
        },
      };
    },
    listener: {
      // Before all others: a preflight has no credentials to show.
      order: "pre",
      run: (listener) =>
        withHttpFilter(listener, {
          name,
          typedConfig: { "@type": "type.googleapis.com/envoy.extensions.filters.http.cors.v3.Cors" },
        }),
    },
  }),
} satisfies Plugin<typeof policy, typeof session>;

function buildMatcher(origin: string): Message<"envoy.type.matcher.v3.StringMatcher"> {
  if (!origin.includes("*.")) return { exact: origin };
  return { safeRegex: { regex: origin.replaceAll(".", "\\.").replace("*", "[a-z0-9.-]+") } };
}
