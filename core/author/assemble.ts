import type { SharedResources } from "../cache/fragment.ts";
import { createPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { buildShared, type ListenerSource, type SharedOptions } from "../pipeline/shared.ts";
import type { HookSet } from "../plugin/hook_set.ts";
import { type LoadOptions, loadPlugins, type PluginSpec } from "../plugin/load_plugins.ts";

export interface AssembleOptions extends LoadOptions {
  readonly plugins: readonly PluginSpec[];
  readonly listeners: readonly ListenerSource[];
  readonly layout: SharedOptions["layout"];
  /** A plugin that is loaded, and then has no part in anything. Sessions may say to it what they like. */
  readonly without?: string | undefined;
  /** Puts something around every plugin's hooks. */
  readonly wrap?: (hookSet: HookSet) => HookSet;
}

/** All that turns sessions into resources, without a store, a table or Envoys. */
export interface Assembly {
  readonly hookSets: readonly HookSet[];
  readonly shared: SharedResources;
  readonly pipeline: Pipeline;
}

/** Loads and sets up plugins as Signalbox does. Throws `invalid_config` where Signalbox would not start with them. */
export async function assemble(options: AssembleOptions): Promise<Assembly> {
  const { plugins, listeners, layout, without, wrap = (hookSet) => hookSet } = options;
  const hookSets = (await loadPlugins(plugins, options))
    .map((hookSet) => hookSet.plugin === without ? { ...hookSet, hooks: {}, readInput: anything } : wrap(hookSet));
  const shared = buildShared({ layout, listeners, hookSets });
  return { hookSets, shared, pipeline: createPipeline({ hookSets, sharedClusters: shared.clusters }) };
}

const anything = () => ({ ok: true, input: undefined }) as const;
