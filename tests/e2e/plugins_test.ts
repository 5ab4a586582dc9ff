import assert from "node:assert/strict";
import { join } from "node:path";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { preload } from "../bench/preload.ts";
import type { ApiAnswer } from "./api_client.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";
import { difference, received } from "./envoy_counts.ts";
import { createWorld, type World } from "./harness.ts";

const OTHERS = 10_000;

/** A platform team's plugin: in its own folder, with a file beside it. It fails on the sessions that a file names. */
const PLUGIN = `import type { Plugin, Schemas } from "signalbox";
import { isNamed } from "./rules/names.ts";

const config = ({ z, secret }: Schemas) => z.strictObject({ failOn: secret() });
const session = ({ z, secret }: Schemas) => z.strictObject({ token: secret() }).optional();

export default {
  apiVersion: 1,
  config,
  session,
  setup: ({ failOn }) => ({
    route(route, { input, session }) {
      if (input === undefined) return;
      const token: string = input.token.reveal();
      if (isNamed(failOn.reveal(), session.id)) throw new Error(\`nobody knows \${token}\`);
      const header = { key: "authorization", value: \`Bearer \${token}\` };
      return { ...route, requestHeadersToAdd: [{ header, appendAction: "OVERWRITE_IF_EXISTS_OR_ADD" }] };
    },
  }),
} satisfies Plugin<typeof config, typeof session>;
`;
const RULES = `export const isNamed = (names: string, id: string): boolean => names.split(" ").includes(id);\n`;

/** The plugin's folder, and its secrets. */
async function createPlugin() {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-plugin-" });
  const write = (name: string, text: string) => Deno.writeTextFile(join(folder, name), text);
  await Deno.mkdir(join(folder, "auth/rules"), { recursive: true });
  await Deno.mkdir(join(folder, "tokens"));
  await write("auth/plugin.ts", PLUGIN);
  await write("auth/rules/names.ts", RULES);
  await write("fail-on", "");
  for (const id of ["s1", "s2"]) await write(`tokens/${id}`, `token-of-${id}\n`);
  return {
    ...{ folder, write },
    async [Symbol.asyncDispose]() {
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function bundle(folder: string): Promise<{ readonly from: string; readonly sha256: string }> {
  const from = join(folder, "auth.js");
  const printed = await runSignalbox(["plugin", "bundle", join(folder, "auth"), "--out", from]);
  const [, sha256 = ""] = /sha256: ([0-9a-f]{64})/.exec(printed) ?? assert.fail(printed);
  return { from, sha256 };
}

const configOf = (folder: string, plugin: { readonly from: string }) => ({
  plugins: [{ name: "auth", ...plugin, config: { failOn: { file: join(folder, "fail-on") } } }],
  sessionSecrets: { folder: join(folder, "tokens") },
});

const withToken = (id: string) => ({ id, plugins: { auth: { token: { file: id } } } });

async function put(world: World, id: string, { address, port }: { address: string; port: number }): Promise<ApiAnswer> {
  return await world.api.request("PUT", `/xds/tasks/${id}`, { ...withToken(id), address, port });
}

/** Until the pod of the host is sent this header. */
async function untilAuthorized(world: World, host: string, value: string): Promise<void> {
  using client = world.client(host);
  let last: unknown;
  await until(async () => {
    const result = await client.say({ text: "hello" });
    last = result.ok ? result.reply.headers : result.codeName;
    return result.ok && result.reply.headers["authorization"] === value;
  }, { what: `"${value}" at "${host}"`, otherwise: () => last });
}

testWithEnvoy(
  "a failing plugin exposes no new session, an existing one stays as it was, and 10,000 others too",
  async () => {
    await using plugin = await createPlugin();
    await using world = await createWorld({ config: configOf(plugin.folder, { from: join(plugin.folder, "auth") }) });
    const backend = await world.addBackend("a");
    const another = await world.addBackend("b");
    await preload(world.api, OTHERS, backend);
    assert.equal((await put(world, "s1", backend)).status, 201);
    await untilAuthorized(world, "s1.example.org", "Bearer token-of-s1");
    await world.untilAnswered(`load-${OTHERS - 1}.example.org`, "a");
    const [envoy] = world.envoys;
    assert(envoy);
    const before = await received(envoy);

    const runs = 'signalbox_plugin_hook_runs_total{plugin="auth",hook="route"}';
    const runsBefore = await world.api.metric(runs) ?? 0;
    await plugin.write("fail-on", "s1 s2");
    await until(async () => (await world.api.metric(runs) ?? 0) >= runsBefore + OTHERS + 1, {
      what: "every session built again",
    });
    assert.equal(await world.api.metric("signalbox_failing_sessions"), 1);
    await untilAuthorized(world, "s1.example.org", "Bearer token-of-s1");

    const issue = { path: "", message: "nobody knows [redacted] (plugin auth, hook route)" };
    for (const [id, place] of [["s2", backend], ["s1", another]] as const) {
      const { status, body } = await put(world, id, place);
      assert.equal(status, 422, id);
      assert.deepEqual((body as { issues: unknown }).issues, [issue]);
    }
    await world.untilUnknown("s2.example.org");
    await world.untilAnswered("s1.example.org", "a");
    assert.deepEqual(difference(before, await received(envoy)), {});
    const explained = (await world.api.request("GET", "/xds/tasks/s1/explain")).body as {
      served: string;
      failures: unknown;
    };
    assert.equal(explained.served, "last");
    assert.deepEqual(explained.failures, [{
      plugin: "auth",
      hook: "route",
      path: "",
      message: "nobody knows [redacted]",
    }]);

    // After a restart there is nothing to keep; nothing is lost either.
    await world.startSignalbox();
    await world.untilUnknown("s1.example.org");
    await world.untilAnswered("load-1.example.org", "a");
    assert.equal((await world.api.request("GET", "/xds/tasks/s1")).status, 200);
    await plugin.write("fail-on", "");
    await untilAuthorized(world, "s1.example.org", "Bearer token-of-s1");
    const sent = difference(before, await received(envoy));
    const changes = ["added", "removed", "modified"].map((change) => sent[`cluster_manager.cluster_${change}`]);
    assert.deepEqual(changes, [1, 1, undefined], JSON.stringify(sent));

    await plugin.write("tokens/s1", "rotated");
    await untilAuthorized(world, "s1.example.org", "Bearer rotated");
    const log = JSON.stringify(world.signalbox.records);
    assert.match(log, /Cannot build .*registered sessions/);
    assert.doesNotMatch(log, /token-of|rotated/);
  },
);

testWithEnvoy(
  "a plugin in TypeScript becomes one pinned file, which Signalbox runs, and no other in its place",
  async () => {
    await using plugin = await createPlugin();
    const pinned = await bundle(plugin.folder);
    await using world = await createWorld({ config: configOf(plugin.folder, pinned), store: "memory" });
    const backend = await world.addBackend("a");
    await put(world, "s1", backend);
    await untilAuthorized(world, "s1.example.org", "Bearer token-of-s1");

    await world.signalbox.stop();
    await Deno.writeTextFile(pinned.from, `${await Deno.readTextFile(pinned.from)}// a byte more`);
    await assert.rejects(world.startSignalbox(), /plugins\[0\]\.sha256: is not that of/);
  },
);

testWithEnvoy("what a plugin throws where nobody catches does not end Signalbox", async () => {
  await using plugin = await createPlugin();
  const stray = `export default {
    apiVersion: 1,
    setup() {
      setTimeout(() => { throw new Error("stray in a timer"); }, 50);
      void Promise.reject(new Error("stray promise"));
      return {};
    },
  };`;
  await plugin.write("stray.js", stray);
  const plugins = [{ name: "stray", from: join(plugin.folder, "stray.js") }];
  await using world = await createWorld({ config: { plugins }, store: "memory", envoys: 0 });
  const failures = 'signalbox_plugin_failures_total{plugin="stray",hook="background"}';
  await until(async () => await world.api.metric(failures) === 2);
  const messages = world.signalbox.records.filter(({ level }) => level === "error").map(({ message }) => message);
  assert.deepEqual(messages.toSorted(), [
    'Plugin "stray" failed in "background": "stray in a timer"',
    'Plugin "stray" failed in "background": "stray promise"',
  ]);
});
