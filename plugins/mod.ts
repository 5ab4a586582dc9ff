import type { BundledPlugins } from "../core/plugin/load_plugins.ts";

/** The plugins that come with Signalbox, by name. */
export const bundledPlugins: BundledPlugins = {
  "canary-weights": () => import("./canary-weights/plugin.ts"),
  timeouts: () => import("./timeouts/plugin.ts"),
};
