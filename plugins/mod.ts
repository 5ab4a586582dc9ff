import type { BundledPlugins } from "../core/plugin/load_plugins.ts";

/** The plugins that come with Signalbox, by name. */
export const bundledPlugins: BundledPlugins = {
  "access-log": () => import("./access-log/plugin.ts"),
  compression: () => import("./compression/plugin.ts"),
  cors: () => import("./cors/plugin.ts"),
  "grpc-web": () => import("./grpc-web/plugin.ts"),
  "auth-headers": () => import("./auth-headers/plugin.ts"),
  "rate-limit": () => import("./rate-limit/plugin.ts"),
  http1: () => import("./http1/plugin.ts"),
  timeouts: () => import("./timeouts/plugin.ts"),
  retries: () => import("./retries/plugin.ts"),
  "health-check": () => import("./health-check/plugin.ts"),
  "path-routes": () => import("./path-routes/plugin.ts"),
  "canary-weights": () => import("./canary-weights/plugin.ts"),
  "tls-sni": () => import("./tls-sni/plugin.ts"),
};
