/**
 * Everything that a plugin's author needs, as types: a plugin imports nothing when it runs.
 *
 * ```ts
 * import type { Plugin, Schemas } from "signalbox";
 *
 * const config = ({ z }: Schemas) => z.strictObject({ header: z.string() });
 *
 * export default {
 *   apiVersion: 1,
 *   config,
 *   setup: ({ header }) => ({
 *     route: (route, { session }) => ({
 *       ...route,
 *       requestHeadersToAdd: [...route.requestHeadersToAdd ?? [], { header: { key: header, value: session.id } }],
 *     }),
 *   }),
 * } satisfies Plugin<typeof config>;
 * ```
 */
import type { z } from "zod";
import type { Message } from "../proto/message_types.ts";
import type { Hooks, ListenerMessage } from "./hooks.ts";

export type { AnyMessage, JsonValue, Message, MessageName } from "../proto/message_types.ts";
export type { Backend, Session } from "../session/session.ts";
export type { Extras, Hook, HookFunctions, HookName, HookResult, Hooks, SessionContext } from "./hooks.ts";

/** A module's default export. `Config` and `Session` are the types of its schemas, as in `Plugin<typeof config>`. */
export type Plugin<Config extends Schema = undefined, Session extends Schema = undefined> =
  & {
    /** Of this API. Signalbox refuses a plugin of a version that it does not know. */
    readonly apiVersion: 1;
    /** Sample inputs: `signalbox check` and the plugin's tests run it with each. Secrets in them are not read. */
    readonly examples?: readonly Example<Config, Session>[];
    /**
     * Called once, before any session is built; `config` is what the config file says under `plugins[].config`. All input
     * and output is done here and in what it starts. What it throws keeps Signalbox from starting.
     */
    setup(config: OutputOf<Config>, host: PluginHost): Hooks<OutputOf<Session>> | Promise<Hooks<OutputOf<Session>>>;
  }
  & (Config extends undefined ? { readonly config?: undefined } : {
    /** What the operator may configure. Absent: nothing. */
    readonly config: Config;
  })
  & (Session extends undefined ? { readonly session?: undefined } : {
    /**
     * What a session may say, under `plugins.<name>` of its registration. Absent: nothing. It is asked about sessions that
     * say nothing too, with `undefined`: make it `.optional()` or give it a `.prefault({})` unless every session has to.
     */
    readonly session: Session;
  });

/** Any Standard Schema (https://standardschema.dev), or a function that makes one with what it is handed. */
export type Schema = undefined | StandardSchema | ((schemas: Schemas) => StandardSchema);

export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What schemas are made of. */
export interface Schemas {
  /** Zod 4. */
  readonly z: typeof z;
  /** A duration as in `250ms`, `1.5s` or `1h30m`; becomes what Envoy's messages take. */
  readonly duration: () => z.ZodType<Message<"google.protobuf.Duration">, string>;
  /**
   * A reference to a secret, `{ file: PATH }`, `{ env: NAME }` or `{ kubernetesSecret: { name, key } }`; becomes the secret.
   * `check` says what is wrong with its text, without quoting it; samples, whose secrets exist nowhere, are not checked.
   */
  readonly secret: (check?: SecretCheck) => z.ZodType<Secret, SecretReference>;
}

type Types<S extends Schema> = S extends (...schemas: never) => infer Made ? TypesOf<Made> : TypesOf<S>;
type TypesOf<S> = S extends { readonly "~standard": { readonly types?: infer Found } } ? NonNullable<Found> : {
  readonly input: undefined;
  readonly output: undefined;
};

/** What a schema takes. */
export type InputOf<S extends Schema> = Types<S> extends { readonly input: infer Input } ? Input : never;
/** What a schema makes of it. */
export type OutputOf<S extends Schema> = Types<S> extends { readonly output: infer Output } ? Output : never;

/** Nothing is left out but what may be. */
export type Example<Config extends Schema = undefined, Session extends Schema = undefined> =
  & MayLackConfig<InputOf<Config>>
  & (undefined extends InputOf<Session> ? { readonly session?: InputOf<Session> }
    : { readonly session: InputOf<Session> });

/** A config that is left out is an empty one. */
type MayLackConfig<Input> = undefined extends Input ? { readonly config?: Input }
  : Record<never, never> extends Input ? { readonly config?: Input }
  : { readonly config: Input };

/**
 * Where a secret is kept. A file and a key of a Kubernetes Secret are read again when they change; one newline at their end is
 * no part of the secret.
 */
export type SecretReference =
  | { readonly file: string }
  | { readonly env: string }
  | {
    readonly kubernetesSecret: {
      readonly name: string;
      readonly key: string;
      /** Absent: the first that is configured. */
      readonly namespace?: string;
    };
  };

/** What is wrong with a secret, as in `must be one line`; `undefined`: nothing. */
export type SecretCheck = (text: string) => string | undefined;

/** A text that no log, no JSON and no template shows: they print `[redacted]`. */
export interface Secret {
  /** The text itself, as it is now. For messages to Envoy alone. */
  reveal(): string;
}

/** What Signalbox hands to `setup`. */
export interface PluginHost {
  /** What the operator calls the plugin, and sessions too: the key under their `plugins`. */
  readonly name: string;
  readonly log: PluginLog;
  /** Aborted when Signalbox stops: for requests and timers that `setup` starts. */
  readonly signal: AbortSignal;
  /** Has sessions built again, with what the plugin knows by now. Ids that nobody has do nothing. */
  invalidate(sessions: readonly string[] | "all"): void;
  /** Values by key that hooks read without waiting for them. */
  cache<Value>(options: CacheOptions<Value>): Cache<Value>;
  /** The secret that a reference leads to. Throws where it leads nowhere. */
  secret(reference: SecretReference): Secret;
  /**
   * The listener with one more HTTP filter, in each of its connection managers, before the router and after those that were
   * added before. A filter of this name takes the place of the one that is there. Throws `TypeError` for one that is `disabled`.
   */
  withHttpFilter(listener: ListenerMessage, filter: HttpFilter): ListenerMessage;
}

/**
 * A filter that is in every request's way; virtual hosts say what it does. Envoy looks at what a route says of `disabled` before
 * the filters run, and the first of them may find another route: a request could get by.
 */
export type HttpFilter = Omit<
  Message<"envoy.extensions.filters.network.http_connection_manager.v3.HttpFilter">,
  "disabled"
>;

/** Names in braces are filled in: `log.info("Read {count} tenants", { count })`. */
export interface PluginLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface CacheOptions<Value> {
  /** After how many milliseconds a value that sessions use is loaded again, and a failed load tried again. */
  readonly ttlMs: number;
  /** Reads the value of `key`; what it throws is logged, and the value before it stays. */
  load(key: string, signal: AbortSignal): Promise<Value>;
}

export interface Cache<Value> {
  /**
   * The value; `undefined` while it has never been loaded. Asked in a hook of a session, it has that session built again
   * whenever the value becomes another.
   */
  get(key: string): Value | undefined;
}
