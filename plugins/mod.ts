import type { BundledPlugins } from "../core/plugin/load_plugins.ts";

/** The plugins that come with Signalbox, by name. */
export const bundledPlugins: BundledPlugins = {
  "auth-headers": () => import("./auth-headers/plugin.ts"),
  "tls-sni": () => import("./tls-sni/plugin.ts"),
  timeouts: () => import("./timeouts/plugin.ts"),
};
