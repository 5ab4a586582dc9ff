import type { SharedResources } from "../cache/fragment.ts";
import type { Failure } from "../pipeline/failure.ts";
import { createPipeline, type Pipeline } from "../pipeline/pipeline.ts";
import { buildShared } from "../pipeline/shared.ts";
import type { HookSet } from "../plugin/hook_set.ts";
import { loadPlugins } from "../plugin/load_plugins.ts";
import type { InputOf, Message, Plugin, Schema } from "../plugin/plugin.ts";
import { PluginRuntime } from "../plugin/plugin_runtime.ts";
import type { AnyPlugin } from "../plugin/read_plugin.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { MessageName } from "../proto/message_types.ts";
import { type SampleRegistration, sampleSession } from "./sample_sessions.ts";

/** What every secret is in tests, whatever it is a reference to. */
export const SAMPLE_SECRET = "sample-secret";

export interface TestPluginOptions<Config> {
  /** As in the config file. */
  readonly config?: Config;
  /** What the plugin is called. Default `tested`. */
  readonly name?: string;
}

/** A session and what it says to the plugin that is tested. */
export interface TestRegistration<Input> extends SampleRegistration {
  readonly input?: Input;
}

/** What became of a session, as Envoy is told it. */
export interface BuiltSession {
  readonly clusters: readonly Message<"envoy.config.cluster.v3.Cluster">[];
  readonly endpoints: readonly Message<"envoy.config.endpoint.v3.LbEndpoint">[];
  readonly virtualHosts: readonly Message<"envoy.config.route.v3.VirtualHost">[];
  /** Of all virtual hosts. */
  readonly routes: readonly Message<"envoy.config.route.v3.Route">[];
  readonly secrets: readonly Message<"envoy.extensions.transport_sockets.tls.v3.Secret">[];
}

export interface BuiltShared {
  readonly listeners: readonly Message<"envoy.config.listener.v3.Listener">[];
  readonly clusters: readonly Message<"envoy.config.cluster.v3.Cluster">[];
  readonly secrets: readonly Message<"envoy.extensions.transport_sockets.tls.v3.Secret">[];
}

/** A plugin that has been set up, with the pipeline around it. */
export interface TestedPlugin<Input> extends Disposable {
  /** Throws an `Error` with the failures when the session cannot be built. */
  build(registration?: TestRegistration<Input>): BuiltSession;
  /** Why the session cannot be built. Throws an `Error` when it can. */
  failures(registration?: TestRegistration<Input>): readonly Failure[];
  /** One cleartext listener, `ingress`, and what the plugin makes of it and adds. */
  shared(): BuiltShared;
  /** What the plugin had built again so far. */
  readonly invalidated: readonly (readonly string[] | "all")[];
}

/** Sets a plugin up as Signalbox does. Throws `invalid_config` where Signalbox would not start with it. */
export async function testPlugin<Config extends Schema, Session extends Schema>(
  plugin: Plugin<Config, Session>,
  options: TestPluginOptions<InputOf<Config>> = {},
): Promise<TestedPlugin<InputOf<Session>>> {
  const { name = "tested", config } = options;
  const invalidated: (readonly string[] | "all")[] = [];
  const runtime = new PluginRuntime({
    invalidate: (sessions) => invalidated.push(sessions),
    sampleSecret: SAMPLE_SECRET,
  });
  const { shared, pipeline } = await assemble(plugin as AnyPlugin, { name, config, runtime });
  const build = ({ input, ...registration }: TestRegistration<InputOf<Session>> = {}) => {
    const said = input === undefined ? {} : { plugins: { ...registration.plugins, [name]: input } };
    const session = sampleSession({ ...registration, ...said });
    return runtime.reads.record(() => pipeline.build(session)).result;
  };

  return {
    build(registration) {
      const built = build(registration);
      if (!built.ok) throw new Error(`Cannot build the session: ${built.failures.map(describe).join("; ")}`);
      const { clusters, virtualHosts, secrets } = built.fragment;
      const assignments = clusters.map(({ loadAssignment }) => decodeMessage(LOAD_ASSIGNMENT, loadAssignment));
      const hosts = virtualHosts.map(({ hosts, body }) => ({
        ...decodeMessage("envoy.config.route.v3.VirtualHost", body),
        domains: hosts,
      }));
      return {
        clusters: decodeAll("envoy.config.cluster.v3.Cluster", clusters),
        endpoints: assignments.flatMap(({ endpoints = [] }) => endpoints).flatMap(({ lbEndpoints = [] }) =>
          lbEndpoints
        ),
        virtualHosts: hosts,
        routes: hosts.flatMap(({ routes = [] }) => routes),
        secrets: decodeAll("envoy.extensions.transport_sockets.tls.v3.Secret", secrets),
      };
    },
    failures(registration) {
      const built = build(registration);
      if (built.ok) throw new Error("The session was built; it should have failed");
      return built.failures;
    },
    shared: () => ({
      listeners: decodeAll("envoy.config.listener.v3.Listener", shared.listeners),
      clusters: decodeAll("envoy.config.cluster.v3.Cluster", shared.clusters),
      secrets: decodeAll("envoy.extensions.transport_sockets.tls.v3.Secret", shared.secrets),
    }),
    invalidated,
    [Symbol.dispose]: () => runtime[Symbol.dispose](),
  };
}

const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";

export interface Assembly {
  readonly hookSets: readonly HookSet[];
  readonly shared: SharedResources;
  readonly pipeline: Pipeline;
}

/** One plugin, loaded and set up, and a pipeline of it alone. */
export async function assemble(
  plugin: AnyPlugin,
  options: { readonly name: string; readonly config: unknown; readonly runtime: PluginRuntime },
): Promise<Assembly> {
  const { name, config, runtime } = options;
  const spec = { name, onError: "keep-last", baseDir: ".", ...(config === undefined ? {} : { config }) } as const;
  const hookSets = await loadPlugins([spec], {
    bundled: { [name]: () => Promise.resolve({ default: plugin }) },
    runtime,
  });
  const listeners = [{ name: "ingress", address: "127.0.0.1", port: 10000 }];
  const shared = buildShared({ layout: "scoped", listeners, hookSets });
  return { hookSets, shared, pipeline: createPipeline({ hookSets, sharedClusters: shared.clusters }) };
}

function decodeAll<Type extends MessageName>(type: Type, parts: readonly { readonly body: Uint8Array }[]) {
  return parts.map(({ body }) => decodeMessage(type, body));
}

function describe({ plugin, hook, path, message }: Failure): string {
  const place = [plugin, hook, path].filter((part) => part !== undefined && part !== "").join(" ");
  return place === "" ? message : `${place}: ${message}`;
}
