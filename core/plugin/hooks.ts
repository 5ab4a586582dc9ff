import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";

/** What a hook may give back: nothing keeps the subject, a value replaces it, an array takes its place (`[]` drops it). */
export type HookResult<Subject> = undefined | void | Subject | readonly Subject[];

/** What every hook that runs per session is told beside its subject. */
export interface HookContext {
  readonly session: Session;
}

/** The subjects of the hooks that run per session, in the order in which they run. */
export interface SessionSubjects {
  session: Session;
  endpoint: Message<"envoy.config.endpoint.v3.LbEndpoint">;
  cluster: Message<"envoy.config.cluster.v3.Cluster">;
  secret: Message<"envoy.extensions.transport_sockets.tls.v3.Secret">;
  route: Message<"envoy.config.route.v3.Route">;
  virtualHost: Message<"envoy.config.route.v3.VirtualHost">;
}

/** The subjects of the hooks that run once, for what all sessions share. */
export interface SharedSubjects {
  listener: Message<"envoy.config.listener.v3.Listener">;
}

/** Synchronous and pure; the subject is frozen. */
export type SessionHook<Name extends keyof SessionSubjects> = (
  subject: SessionSubjects[Name],
  context: HookContext,
) => HookResult<SessionSubjects[Name]>;

export type SharedHook<Name extends keyof SharedSubjects> = (
  subject: SharedSubjects[Name],
) => HookResult<SharedSubjects[Name]>;

export type Hooks =
  & { readonly [Name in keyof SessionSubjects]?: SessionHook<Name> }
  & { readonly [Name in keyof SharedSubjects]?: SharedHook<Name> };

/** A plugin as the pipeline sees it. */
export interface HookSet {
  readonly plugin: string;
  readonly hooks: Hooks;
}
