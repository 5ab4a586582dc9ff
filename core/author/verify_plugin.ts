import { isDeepStrictEqual } from "node:util";
import type { SharedResources } from "../cache/fragment.ts";
import type { BuildResult } from "../pipeline/pipeline.ts";
import { PluginRuntime } from "../plugin/plugin_runtime.ts";
import type { AnyPlugin } from "../plugin/read_plugin.ts";
import type { Session } from "../session/session.ts";
import { assemble } from "./assemble.ts";
import { SAMPLE_REGISTRATIONS, sampleSession } from "./sample_sessions.ts";
import { SAMPLE_SECRET } from "./test_plugin.ts";

/** Something that every plugin has to do. */
export interface PluginCheck {
  readonly name: string;
  /** Rejects where the plugin does not do it. */
  run(): Promise<void>;
}

const NAME = "verified";

/**
 * What is asked of every plugin, with each config and each session's input of its `examples`: it starts, sample sessions are
 * built, and their bytes depend on the session and the config alone: not on the order in which sessions come, on the others,
 * or on the process.
 */
export function pluginChecks(plugin: AnyPlugin): readonly PluginCheck[] {
  const { examples = [] } = plugin;
  const configs = examples.length === 0 ? [undefined] : examples.map(({ config }) => config);
  const sessions = sampleSessions(examples.map((example) => example.session));
  return configs.flatMap((config, index): readonly PluginCheck[] => {
    const place = configs.length === 1 ? "" : ` (example ${index + 1})`;
    const check = (name: string, run: () => Promise<void>): PluginCheck => ({ name: `${name}${place}`, run });
    const inOrder = (order: readonly Session[]) => buildAll(plugin, { config, sessions: order });
    return [
      check("sample sessions are built", async () => {
        const { builds } = await inOrder(sessions);
        for (const [id, built] of builds) {
          if (built.ok) continue;
          const failures = built.failures.map(({ path, message }) => `${path} ${message}`.trim()).join("; ");
          throw new Error(`session "${id}": ${failures}. What sessions may say is to be in the plugin's examples`);
        }
      }),
      check("everything is the same when it is built again, and set up anew", async () => {
        const [first, second] = [await inOrder(sessions), await inOrder(sessions)];
        expectSame(first.builds, second.builds);
        if (!isDeepStrictEqual(first.shared, second.shared)) throw new Error("what belongs to no session differs");
      }),
      check("a session is the same whatever was built before it", async () => {
        const forward = await inOrder(sessions);
        expectSame(forward.builds, (await inOrder(sessions.toReversed())).builds);
        for (const session of sessions) expectSame((await inOrder([session])).builds, forward.builds);
      }),
    ];
  });
}

interface Builds {
  readonly builds: ReadonlyMap<string, BuildResult>;
  readonly shared: SharedResources;
}

async function buildAll(
  plugin: AnyPlugin,
  { config, sessions }: { readonly config: unknown; readonly sessions: readonly Session[] },
): Promise<Builds> {
  using runtime = new PluginRuntime({ invalidate: () => {}, sampleSecrets: { of: "all", text: SAMPLE_SECRET } });
  const { pipeline, shared } = await assemble({
    plugins: [{ name: NAME, onError: "keep-last", baseDir: ".", ...(config === undefined ? {} : { config }) }],
    bundled: { [NAME]: () => Promise.resolve({ default: plugin }) },
    runtime,
    listeners: [{ name: "ingress", address: "127.0.0.1", port: 10000 }],
    layout: { routes: "scoped", clusters: "push" },
  });
  const build = (session: Session) => runtime.reads.record(() => pipeline.build(session)).result;
  return { shared, builds: new Map(sessions.map((session) => [session.id, build(session)])) };
}

/** Every shape of a session with every input; and one that says nothing where no example has a session. */
function sampleSessions(inputs: readonly unknown[]): readonly Session[] {
  const said = inputs.length === 0 ? [undefined] : inputs;
  return said.flatMap((input, index) =>
    SAMPLE_REGISTRATIONS.map((registration) =>
      sampleSession({
        ...registration,
        id: `${registration.id}-${index + 1}`,
        ...(input === undefined ? {} : { plugins: { [NAME]: input } }),
      })
    )
  );
}

function expectSame(some: Builds["builds"], all: Builds["builds"]): void {
  for (const [id, built] of some) {
    // The failures of both are the same too, but for what was thrown.
    const [a, b] = [built, all.get(id)];
    const same = a.ok ? b?.ok && isDeepStrictEqual(a.fragment, b.fragment) : b?.ok === false;
    if (!same) throw new Error(`the resources of session "${id}" differ`);
  }
}
