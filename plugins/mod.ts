import type { BundledPlugins } from "../core/plugin/load_plugins.ts";

/** The plugins that come with Signalbox, by name. */
export const bundledPlugins: BundledPlugins = {
  timeouts: () => import("./timeouts/plugin.ts"),
};
