import type { Plugin } from "../../core/plugin/plugin.ts";
import { session } from "./options.ts";
import { splitRoute } from "./routes.ts";

/** Several versions of a session's pod: shares of its calls by weight, calls that stay together, copies of calls. */
export default {
  apiVersion: 1,
  session,
  examples: [
    {
      session: {
        weight: 90,
        backends: { canary: { address: "10.1.2.4", port: 50051, weight: 10 } },
        sticky: { header: "x-user" },
      },
    },
    {
      session: {
        backends: { green: { address: "10.1.2.5", port: 50051, weight: 1 }, shadow: { address: "fd00::6", port: 443 } },
        sticky: { cookie: "version", ttl: "1h" },
        mirror: { to: "shadow", percent: 1.5 },
      },
    },
  ],
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
      // The weights are in the routes alone: a change of them leaves clusters, and their connections, as they are.
      return [cluster, ...others];
    },

    route: (route, { input, session: { id } }) =>
      input === undefined || route.route?.cluster !== id ? undefined : splitRoute(id, route, input),
  }),
} satisfies Plugin<undefined, typeof session>;
