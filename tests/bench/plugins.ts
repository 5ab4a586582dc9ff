import { assemble } from "../../core/author/assemble.ts";
import { sampleSession } from "../../core/author/sample_sessions.ts";
import { PluginRuntime } from "../../core/plugin/plugin_runtime.ts";
import { createPipeline, type Pipeline } from "../../core/pipeline/pipeline.ts";
import type { Session } from "../../core/session/session.ts";
import { sampleInput, samplePlugins } from "./plugin_samples.ts";
import { round } from "./samples.ts";

export interface PluginShare {
  /** A plugin's name; `(Signalbox)` is all that is in no hook: defaults, reading what sessions say, checks, encoding. */
  readonly plugin: string;
  readonly usPerSession: number;
  readonly percent: number;
}

export interface PluginsResult {
  readonly sessions: number;
  /** Of one session through all plugins, and through none. */
  readonly usPerSession: number;
  readonly usWithoutPlugins: number;
  readonly shares: readonly PluginShare[];
}

/** What sessions cost that go through five plugins, after as many to warm up, and whose time it is. */
export async function measurePlugins({ sessions: count }: { readonly sessions: number }): Promise<PluginsResult> {
  const names = Object.keys(samplePlugins);
  using runtime = new PluginRuntime({ invalidate: () => {} });
  const { hookSets } = await assemble({
    plugins: names.map((name) => ({ name, onError: "keep-last", baseDir: "." })),
    ...{ bundled: samplePlugins, runtime, listeners: [], layout: { routes: "scoped", clusters: "push" } },
  });
  const spentMs = new Map(names.map((name) => [name, 0]));
  const now = () => performance.now();
  const timer = (plugin: string) => (ms: number) => void spentMs.set(plugin, (spentMs.get(plugin) ?? 0) + ms);
  const measured = createPipeline({ hookSets, clock: { now, timer } });
  const plain = createPipeline({ hookSets: [] });
  const saying = Array.from({ length: count }, (_, i) => sampleSession({ id: `session-${i}`, plugins: sampleInput }));
  const silent = Array.from({ length: count }, (_, i) => sampleSession({ id: `session-${i}` }));

  for (const [pipeline, sessions] of [[plain, silent], [measured, saying]] as const) buildAll(pipeline, sessions);
  const withoutMs = buildAll(plain, silent);
  for (const name of names) spentMs.set(name, 0);
  const totalMs = buildAll(measured, saying);
  const inHooksMs = Array.from(spentMs.values()).reduce((sum, ms) => sum + ms, 0);
  const share = (plugin: string, ms: number): PluginShare => (
    { plugin, usPerSession: round(ms * 1000 / count), percent: round(ms * 100 / totalMs) }
  );
  return {
    sessions: count,
    usPerSession: round(totalMs * 1000 / count),
    usWithoutPlugins: round(withoutMs * 1000 / count),
    shares: [
      ...Array.from(spentMs, ([plugin, ms]) => share(plugin, ms)),
      share("(Signalbox)", totalMs - inHooksMs),
    ],
  };
}

/** How long it took, in milliseconds. */
function buildAll(pipeline: Pipeline, sessions: readonly Session[]): number {
  const startedAtMs = performance.now();
  for (const session of sessions) {
    const result = pipeline.build(session);
    if (!result.ok) throw new Error(`Cannot build "${session.id}": ${JSON.stringify(result.failures)}`);
  }
  return performance.now() - startedAtMs;
}
