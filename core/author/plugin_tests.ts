/** What tests of plugins are written with, as types: `signalbox plugin test` hands it in. */
import type { HookName } from "../plugin/hooks.ts";
import type { InputOf, Message, Plugin, Schema } from "../plugin/plugin.ts";

/** The default export of a `plugin_test.ts`: tests by what they show. One that throws has failed. */
export type PluginTests = Readonly<Record<string, (kit: PluginTestKit) => void | Promise<void>>>;

export interface PluginTestKit {
  /** Sets a plugin up as Signalbox does. Throws where Signalbox would not start with it. */
  testPlugin<Config extends Schema = undefined, Session extends Schema = undefined>(
    plugin: Plugin<Config, Session>,
    options?: TestPluginOptions<InputOf<Config>>,
  ): Promise<TestedPlugin<InputOf<Session>>>;
  /** What every secret is in tests, whatever it is a reference to. */
  readonly secret: string;
}

export interface TestPluginOptions<Config> {
  /** As in the config file. */
  readonly config?: Config;
  /** What the plugin is called. Default `tested`. */
  readonly name?: string;
}

/** A registration as callers write it; what is left out is filled in. */
export interface SampleRegistration {
  readonly id?: string;
  readonly host?: string;
  readonly aliases?: readonly string[];
  readonly address?: string;
  readonly port?: number;
  readonly backends?: readonly { readonly address: string; readonly port: number; readonly weight?: number }[];
  readonly labels?: Readonly<Record<string, string>>;
  /** What it says to plugins, by name. */
  readonly plugins?: Readonly<Record<string, unknown>>;
  readonly ttl?: string;
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

/** Why a session cannot be built. */
export interface TestFailure {
  readonly plugin?: string;
  readonly hook?: HookName;
  readonly path: string;
  readonly message: string;
}

/** A plugin that has been set up, with the pipeline around it. */
export interface TestedPlugin<Input> extends Disposable {
  /** Throws an `Error` with the failures when the session cannot be built. */
  build(registration?: TestRegistration<Input>): BuiltSession;
  /** Why the session cannot be built. Throws an `Error` when it can. */
  failures(registration?: TestRegistration<Input>): readonly TestFailure[];
  /** One cleartext listener, `ingress`, and what the plugin makes of it and adds. */
  shared(): BuiltShared;
  /** What the plugin had built again so far. */
  readonly invalidated: readonly (readonly string[] | "all")[];
}
