import type { BundledPlugins } from "../core/plugin/load_plugins.ts";

/** The plugins that come with Signalbox, by name. */
export const bundledPlugins: BundledPlugins = {
  cors: () => import("./cors/plugin.ts"),
  "grpc-web": () => import("./grpc-web/plugin.ts"),
  "auth-headers": () => import("./auth-headers/plugin.ts"),
  "rate-limit": () => import("./rate-limit/plugin.ts"),
  timeouts: () => import("./timeouts/plugin.ts"),
  "tls-sni": () => import("./tls-sni/plugin.ts"),
};
