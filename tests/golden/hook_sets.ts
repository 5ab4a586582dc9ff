import type { Hooks } from "../../core/plugin/hooks.ts";

/** Small plugins for the cases, by the name that an `input.yaml` gives under `hooks`. */
export const hookSets: Readonly<Record<string, Hooks>> = {
  "patient": {
    cluster: (cluster) => ({ ...cluster, connectTimeout: { seconds: 10 } }),
    listener: (listener) => ({ ...listener, perConnectionBufferLimitBytes: { value: 65_536 } }),
  },

  /** Sees what `patient` left, when it is configured after it. */
  "slower-still": {
    cluster: (cluster) => ({ ...cluster, connectTimeout: { seconds: Number(cluster.connectTimeout?.seconds) * 2 } }),
  },

  "move": {
    session: (session) => ({ ...session, backends: [{ address: "192.0.2.1", port: 9000, weight: 1 }] }),
  },

  "canary": {
    cluster: (cluster, { session }) => [cluster, { ...cluster, name: `${session.id}/canary` }],
    route: (route, { session: { id } }) => [
      {
        ...route,
        match: { prefix: "/split" },
        route: {
          ...route.route,
          cluster: undefined,
          weightedClusters: {
            clusters: [{ name: id, weight: { value: 90 } }, { name: `${id}/canary`, weight: { value: 10 } }],
          },
        },
      },
      route,
    ],
  },

  "host-by-host": {
    virtualHost: (virtualHost) => (virtualHost.domains ?? []).map((domain) => ({ ...virtualHost, domains: [domain] })),
  },

  "drain": {
    endpoint: (endpoint) => endpoint.endpoint?.address?.socketAddress?.address === "10.0.0.2" ? [] : undefined,
  },

  "hide": {
    session: (session) => session.labels["hidden"] === "true" ? [] : undefined,
  },

  "picky": {
    cluster(_, { session: { labels } }) {
      if (labels["picky"] === "fails") throw new Error("no tenant of this name");
    },
  },

  "impatient": {
    cluster: (cluster, { session: { labels } }) =>
      labels["impatient"] === "true" ? { ...cluster, connectTimeout: { seconds: -1 } } : undefined,
  },

  "astray": {
    route: (route, { session: { labels } }) =>
      labels["leads-to"] === undefined
        ? undefined
        : { ...route, route: { ...route.route, cluster: labels["leads-to"] } },
  },
};
