// What an author gets wrong, the compiler says: `deno check` fails where one of these is no error any more.
import assert from "node:assert/strict";
import type { Hooks, InputOf, Message, OutputOf, Plugin, Schemas, Secret, SecretReference } from "./plugin.ts";
import type { AnyPlugin } from "./read_plugin.ts";

const config = ({ z, duration }: Schemas) => z.strictObject({ header: z.string().default("x"), idle: duration() });
const session = ({ z, secret }: Schemas) => z.strictObject({ token: secret() }).optional();

/** Passes a value on only if it is of exactly this type. */
type Exactly<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const exactly = <A, B>(..._: Exactly<A, B> extends true ? [] : ["the types differ"]) => {};

Deno.test("Plugin gives setup and hooks the types that the schemas make, without a word", () => {
  const plugin = {
    apiVersion: 1,
    config,
    session,
    examples: [{ config: { idle: "5s" }, session: { token: { env: "TOKEN" } } }, {
      config: { header: "y", idle: "1m" },
    }],
    setup(config, host) {
      exactly<typeof config.header, string>();
      exactly<typeof config.idle, Message<"google.protobuf.Duration">>();
      exactly<typeof host.name, string>();
      return {
        route(route, { input, session }) {
          exactly<typeof route, Message<"envoy.config.route.v3.Route">>();
          exactly<typeof input, { token: Secret } | undefined>();
          exactly<typeof session.id, string>();
          return { ...route, requestHeadersToRemove: [...route.requestHeadersToRemove ?? [], config.header] };
        },
        endpoint: { order: "pre", run: (endpoint) => [endpoint, { ...endpoint, healthStatus: "DRAINING" }] },
        secret: ({ session }) => ({ name: `${session.id}/a`, genericSecret: {} }),
        listener: (listener) => host.withHttpFilter(listener, { name: "cors" }),
        extras: () => ({ clusters: [{ name: `${host.name}:a` }] }),
        virtualHost: () => [],
        cluster() {},
      };
    },
  } satisfies Plugin<typeof config, typeof session>;
  const any: AnyPlugin = plugin;
  assert.equal(any.apiVersion, 1);
  exactly<OutputOf<undefined>, undefined>();
  exactly<InputOf<typeof session>, { token: SecretReference } | undefined>();
  // @ts-expect-error: or this whole test shows nothing
  exactly<string | undefined, string>();
});

Deno.test("Plugin takes examples without a config where an empty one will do", () => {
  const config = ({ z }: Schemas) => z.strictObject({ header: z.string().default("x"), more: z.int().optional() });
  const plugin = { apiVersion: 1, config, examples: [{}], setup: () => ({}) } satisfies Plugin<typeof config>;
  assert.equal(plugin.examples.length, 1);
});

Deno.test("Plugin takes setups that wait, and plugins without schemas", () => {
  const simple = {
    apiVersion: 1,
    setup: () => ({ cluster: (cluster) => ({ ...cluster, altStatName: "x" }) }),
  } satisfies Plugin;
  const waiting = {
    apiVersion: 1,
    async setup(_, { signal }) {
      await Promise.resolve(signal);
      return { route: (route, { session }) => session.labels["hidden"] === "true" ? [] : route };
    },
  } satisfies Plugin;
  assert.deepEqual([simple.apiVersion, waiting.apiVersion], [1, 1]);
});

Deno.test("Plugin does not type-check where it is misused", () => {
  // @ts-expect-error: another version of the API
  ({ apiVersion: 2, setup: () => ({}) }) satisfies Plugin;
  // @ts-expect-error: no setup
  ({ apiVersion: 1 }) satisfies Plugin;
  // @ts-expect-error: a key that is unknown
  ({ apiVersion: 1, sesion: session, setup: () => ({}) }) satisfies Plugin;
  // @ts-expect-error: a schema that the type does not name
  ({ apiVersion: 1, config, setup: () => ({}) }) satisfies Plugin;
  // @ts-expect-error: the type names a schema that is not there
  ({ apiVersion: 1, setup: () => ({}) }) satisfies Plugin<typeof config>;
  // @ts-expect-error: an example that the schema refuses
  ({ apiVersion: 1, config, examples: [{ config: { idle: 5 } }], setup: () => ({}) }) satisfies Plugin<typeof config>;
  // @ts-expect-error: an example without a config that has to be there
  ({ apiVersion: 1, config, examples: [{}], setup: () => ({}) }) satisfies Plugin<typeof config>;
  // @ts-expect-error: hooks that are unknown
  ({ apiVersion: 1, setup: () => ({ routes: () => {} }) }) satisfies Plugin;
  // @ts-expect-error: an order that is unknown
  ({ apiVersion: 1, setup: () => ({ route: { order: "first", run: () => {} } }) }) satisfies Plugin;
  // @ts-expect-error: a hook that waits
  ({ apiVersion: 1, setup: () => ({ route: async (route) => await Promise.resolve(route) }) }) satisfies Plugin;
  // @ts-expect-error: a hook that gives back something else
  ({ apiVersion: 1, setup: () => ({ route: () => "a" }) }) satisfies Plugin;
  // @ts-expect-error: a field of the wrong type
  ({ apiVersion: 1, setup: () => ({ cluster: (cluster) => ({ ...cluster, connectTimeout: "2s" }) }) }) satisfies Plugin;
  // @ts-expect-error: a value that the enum does not have
  ({ apiVersion: 1, setup: () => ({ cluster: (cluster) => ({ ...cluster, lbPolicy: "FASTEST" }) }) }) satisfies Plugin;
  // @ts-expect-error: no such field of the config
  ({ apiVersion: 1, config, setup: ({ headre }) => ({ route: () => void headre }) }) satisfies Plugin<typeof config>;
  // @ts-expect-error: input of a session that may have said nothing
  ({ apiVersion: 1, session, setup: () => ({ route: (_, { input }) => void input.token }) }) satisfies Plugin<
    undefined,
    typeof session
  >;
  // @ts-expect-error: shared hooks know no session
  ({ apiVersion: 1, setup: () => ({ listener: (_, { session }) => void session }) }) satisfies Plugin;
});

Deno.test("hooks cannot write to what they are given, nor use a secret as a text", () => {
  const hooks: Hooks<{ readonly token: Secret }> = {
    cluster(cluster) {
      // @ts-expect-error: subjects are read only
      cluster.name = "x";
      // @ts-expect-error: all the way down
      cluster.loadAssignment?.endpoints?.push({});
    },
    route(route, { input, session }) {
      // @ts-expect-error: sessions too
      session.labels["team"] = "x";
      // @ts-expect-error: a secret is no text
      const value: string = input.token;
      return { ...route, requestHeadersToAdd: [{ header: { key: "x", value } }] };
    },
  };
  assert.deepEqual(Object.keys(hooks), ["cluster", "route"]);
});
