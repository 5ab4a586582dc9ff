import type { Failure } from "../pipeline/failure.ts";
import type { InputOf, Plugin, Schema } from "../plugin/plugin.ts";
import { PluginRuntime } from "../plugin/plugin_runtime.ts";
import type { AnyPlugin } from "../plugin/read_plugin.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { MessageName } from "../proto/message_types.ts";
import { assemble } from "./assemble.ts";
import type { TestedPlugin, TestPluginOptions, TestRegistration } from "./plugin_tests.ts";
import { sampleSession } from "./sample_sessions.ts";

/** What every secret is in tests, whatever it is a reference to. */
export const SAMPLE_SECRET = "sample-secret";

/** Sets a plugin up as Signalbox does. Throws `invalid_config` where Signalbox would not start with it. */
export async function testPlugin<Config extends Schema = undefined, Session extends Schema = undefined>(
  plugin: Plugin<Config, Session>,
  options: TestPluginOptions<InputOf<Config>> = {},
): Promise<TestedPlugin<InputOf<Session>>> {
  const { name = "tested", config } = options;
  const invalidated: (readonly string[] | "all")[] = [];
  const runtime = new PluginRuntime({
    invalidate: (sessions) => invalidated.push(sessions),
    sampleSecrets: { of: "all", text: SAMPLE_SECRET },
  });
  const spec = { name, onError: "keep-last", baseDir: ".", ...(config === undefined ? {} : { config }) } as const;
  const { shared, pipeline } = await assemble({
    plugins: [spec],
    bundled: { [name]: () => Promise.resolve({ default: plugin as AnyPlugin }) },
    runtime,
    listeners: [{ name: "ingress", address: "127.0.0.1", port: 10000 }],
    layout: { routes: "scoped", clusters: "push" },
  });
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
      return built.failures.map(({ cause: _, ...failure }) => failure);
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

function decodeAll<Type extends MessageName>(type: Type, parts: readonly { readonly body: Uint8Array }[]) {
  return parts.map(({ body }) => decodeMessage(type, body));
}

function describe({ plugin, hook, path, message }: Failure): string {
  const place = [plugin, hook, path].filter((part) => part !== undefined && part !== "").join(" ");
  return place === "" ? message : `${place}: ${message}`;
}
