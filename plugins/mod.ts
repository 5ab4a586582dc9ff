import type { HookSet } from "../core/plugin/hooks.ts";

/** The plugins that come with Signalbox, in the order in which they run. */
export const bundledPlugins: readonly HookSet[] = [];
