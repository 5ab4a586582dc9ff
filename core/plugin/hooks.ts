import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";

/** What a hook may give back: nothing keeps the subject, a value replaces it, an array takes its place (`[]` drops it). */
export type HookResult<Subject> = undefined | void | Subject | readonly Subject[];

/** What every hook that runs per session is told. */
export interface SessionContext<Input = undefined> {
  /** As `session` hooks left it. */
  readonly session: Session;
  /** What the session says to this plugin, `plugins.<name>`, as the plugin's `session` schema made it. */
  readonly input: Input;
}

/** What has hooks that change it, in the order in which they run; each comes with one of Signalbox's making. */
export interface SessionSubjects {
  session: Session;
  endpoint: Message<"envoy.config.endpoint.v3.LbEndpoint">;
  cluster: Message<"envoy.config.cluster.v3.Cluster">;
  route: Message<"envoy.config.route.v3.Route">;
  virtualHost: Message<"envoy.config.route.v3.VirtualHost">;
}

export type SecretMessage = Message<"envoy.extensions.transport_sockets.tls.v3.Secret">;
export type ListenerMessage = Message<"envoy.config.listener.v3.Listener">;

/** Resources that belong to no session. Their names begin with `<plugin>:`. */
export interface Extras {
  readonly clusters?: readonly Message<"envoy.config.cluster.v3.Cluster">[];
  readonly secrets?: readonly SecretMessage[];
}

/**
 * The functions of a plugin, by hook. All are synchronous and pure: the same arguments always give the same. Arguments are
 * frozen, deep down.
 */
export type HookFunctions<Input = undefined> =
  & {
    readonly [Name in keyof SessionSubjects]: (
      subject: SessionSubjects[Name],
      context: SessionContext<Input>,
    ) => HookResult<SessionSubjects[Name]>;
  }
  & {
    /** Gives secrets of the session, beside those of other plugins: named `<id>/…`, or after a host for its TLS certificate. */
    readonly secret: (context: SessionContext<Input>) => HookResult<SecretMessage>;
    /** Once a listener, for all sessions. A change of a listener drains its connections. */
    readonly listener: (listener: ListenerMessage) => HookResult<ListenerMessage>;
    /** Once, for all sessions: gives clusters and secrets that none of them owns. */
    readonly extras: () => undefined | void | Extras;
  };

export type HookName = keyof HookFunctions;

/** `pre` hooks run before those of all plugins without an order, `post` after them; else plugins run as configured. */
export type HookOrder = "pre" | "post";

/** A function, or one that runs before or after the other plugins'. */
export type Hook<Run> = Run | { readonly order: HookOrder; readonly run: Run };

/** What `setup` returns: each hook that the plugin has. */
export type Hooks<Input = undefined> = {
  readonly [Name in HookName]?: Hook<HookFunctions<Input>[Name]>;
};
