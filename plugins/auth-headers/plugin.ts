import type { Plugin } from "../../core/plugin/plugin.ts";
import { buildChecks, buildFilters, externalCluster, jwksCluster } from "./client_auth.ts";
import { type Config, config, type Input, session } from "./options.ts";
import { headerSecrets, injectHidden, podHeaders, setHeaders } from "./pod_headers.ts";
import { buildServiceCluster } from "./service_cluster.ts";

/** Who may reach a session's pod, and which headers the pod gets whatever the client sent. */
export default {
  apiVersion: 1,
  config,
  session,
  examples: [
    {
      config: { headers: { "x-cluster": "blue" }, strip: ["x-user"] },
      session: { key: { values: [{ file: "session-1/key" }] }, headers: { "x-user": "alice" } },
    },
    {
      config: {
        jwt: { corp: { issuer: "https://login.example.org", jwks: { url: "https://login.example.org/jwks.json" } } },
        external: { url: "http://authz.internal:9000", always: false },
      },
      session: {
        key: { cookie: "token", values: [{ env: "SESSION_1_KEY" }] },
        secretHeaders: { authorization: { value: { file: "session-1/token" }, prefix: "Bearer " } },
      },
    },
  ],
  setup(config, { name, withHttpFilter }) {
    return {
      session: (_session, { input }) => checkSession(config, input),
      // After all other plugins: what they add is closed too, and their headers are no way around these.
      cluster: {
        order: "post",
        run: (cluster, { session, input }) => injectHidden(cluster, podHeaders(name, config, input, session)),
      },
      secret: ({ session, input }) => headerSecrets(podHeaders(name, config, input, session)),
      virtualHost: {
        order: "post",
        run: (host, { session, input }) => ({
          ...setHeaders(host, podHeaders(name, config, input, session)),
          typedPerFilterConfig: { ...host.typedPerFilterConfig, ...buildChecks(name, config, input, session.id) },
        }),
      },
      listener: (listener) => buildFilters(name, config).reduce(withHttpFilter, listener),
      extras: () => ({
        clusters: [
          ...Object.entries(config.jwt).flatMap(([provider, { jwks }]) =>
            jwks ? [buildServiceCluster({ ...jwks, name: jwksCluster(name, provider), http2: false })] : []
          ),
          ...(config.external
            ? [buildServiceCluster({ ...config.external, name: externalCluster(name), http2: true })]
            : []),
        ],
      }),
    };
  },
} satisfies Plugin<typeof config, typeof session>;

/** What a session may ask for depends on what the operator has. */
function checkSession({ open, jwt, external }: Config, input: Input): void {
  if (input.jwt && !Object.hasOwn(jwt, input.jwt.provider)) {
    throw new Error(`jwt.provider: there is no "${input.jwt.provider}" among ${JSON.stringify(Object.keys(jwt))}`);
  }
  if (input.external && !external) throw new Error("external: no external service is configured");
  const closed = input.key ?? input.jwt ?? input.external ?? (external?.always || undefined);
  if (!closed && !open) throw new Error("must ask for a key, a jwt or external: open sessions are not allowed");
}
