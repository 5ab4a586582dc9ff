import type { Message, Plugin, Schemas } from "../../core/plugin/plugin.ts";

type RouteMatch = Message<"envoy.config.route.v3.RouteMatch">;

const BACKEND_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

const session = ({ z }: Schemas) => {
  const prefix = z.string().regex(/^\/[^\s?#]*$/, "must begin with '/' and have neither '?' nor '#'");
  const backend = z.strictObject({
    address: z.union([z.ipv4(), z.ipv6()], "must be an IP address"),
    port: z.int().min(1).max(65_535),
    prefixes: z.array(prefix).min(1)
      .describe("One that ends with '/' or '.' is compared as text, another by whole segments of the path."),
  });
  return z.strictObject({
    backends: z.record(z.string().regex(BACKEND_NAME, "must be a DNS label"), backend).describe("More pods, by name."),
  }).superRefine(({ backends }, context) => {
    const owners = new Map<string, string>();
    for (const [name, { prefixes }] of Object.entries(backends)) {
      for (const [index, prefix] of prefixes.entries()) {
        const owner = owners.get(prefix);
        const message = `"${prefix}" is there twice, "${owner}" has it`;
        if (owner !== undefined) {
          context.addIssue({ code: "custom", path: ["backends", name, "prefixes", index], message });
        }
        owners.set(prefix, name);
      }
    }
  }).optional();
};

/** More pods behind the session's hosts, by the beginning of the path; the longest counts, and what is left is the session's own. */
export default {
  apiVersion: 1,
  session,
  examples: [{
    session: {
      backends: {
        files: { address: "10.1.2.4", port: 50051, prefixes: ["/acme.files.v1.", "/files"] },
        upload: { address: "fd00::5", port: 8080, prefixes: ["/files/upload"] },
      },
    },
  }],
  setup: () => ({
    cluster(cluster, { input, session }) {
      // Another plugin's clusters have another use.
      if (input === undefined || cluster.name !== session.id) return;
      const others = Object.entries(input.backends).map(([backend, { address, port }]) => {
        const name = `${session.id}/${backend}`;
        const endpoint = { address: { socketAddress: { address, portValue: port } } };
        return {
          ...cluster,
          name,
          loadAssignment: { clusterName: name, endpoints: [{ lbEndpoints: [{ endpoint }] }] },
        };
      });
      return [cluster, ...others];
    },

    route: {
      // Before plugins that make several routes of the one to the session's own pod: these here come before them all.
      order: "pre",
      run(route, { input, session: { id } }) {
        if (input === undefined || route.route?.cluster !== id) return;
        const byPrefix = Object.entries(input.backends)
          .flatMap(([name, { prefixes }]) => prefixes.map((prefix) => ({ cluster: `${id}/${name}`, prefix })))
          // Envoy takes the first that matches.
          .sort((a, b) => b.prefix.length - a.prefix.length || (a.prefix < b.prefix ? -1 : 1))
          .map(({ cluster, prefix }) => (
            { ...route, match: matchOf(prefix), route: { ...route.route, cluster } }
          ));
        return [...byPrefix, route];
      },
    },
  }),
} satisfies Plugin<undefined, typeof session>;

/** `/files` does not match `/filesystem`; `/acme.` matches the calls of all gRPC packages of acme. */
function matchOf(prefix: string): RouteMatch {
  return /[/.]$/.test(prefix) ? { prefix } : { pathSeparatedPrefix: prefix };
}
