import assert from "node:assert/strict";
import type { Plugin, Schemas } from "../plugin/plugin.ts";
import type { AnyPlugin } from "../plugin/read_plugin.ts";
import { pluginChecks } from "./verify_plugin.ts";

/** What every check says of the plugin; nothing where it passes. */
async function problemsOf(plugin: AnyPlugin): Promise<Readonly<Record<string, string>>> {
  const problems: Record<string, string> = {};
  for (const { name, run } of pluginChecks(plugin)) {
    await run().catch((error) => problems[name] = error.message);
  }
  return problems;
}

const BUILT = "sample sessions are built";
const SAME = "everything is the same when it is built again, and set up anew";
const APART = "a session is the same whatever was built before it";

Deno.test("pluginChecks() has nothing against a plugin that does as it should", async () => {
  const session = ({ z, secret }: Schemas) => z.strictObject({ token: secret() });
  const plugin = {
    apiVersion: 1,
    session,
    examples: [{ session: { token: { env: "NOWHERE" } } }, { session: { token: { file: "nowhere" } } }],
    setup: () => ({ cluster: (cluster, { input }) => ({ ...cluster, altStatName: input.token.reveal() }) }),
  } satisfies Plugin<undefined, typeof session>;
  assert.equal(pluginChecks(plugin).length, 6);
  assert.deepEqual(await problemsOf(plugin), {});
});

Deno.test("pluginChecks() finds a plugin that fails, and one that writes to what it is given", async () => {
  const fails = { apiVersion: 1, setup: () => ({ route: () => assert.fail("no") }) } satisfies Plugin;
  assert.match((await problemsOf(fails))[BUILT] ?? "", /^session "plain-1": no\. /);
  const writes: AnyPlugin = {
    apiVersion: 1,
    setup: () => ({ route: (route) => void Object.assign(route, { name: "x" }) }),
  };
  assert.match((await problemsOf(writes))[BUILT] ?? "", /not extensible/);
});

Deno.test("pluginChecks() finds a plugin whose sessions have to say something, and whose examples do not", async () => {
  const session = ({ z }: Schemas) => z.strictObject({ a: z.string() });
  const plugin = { apiVersion: 1, session, setup: () => ({}) } satisfies Plugin<undefined, typeof session>;
  const { [BUILT]: problem = "" } = await problemsOf(plugin);
  assert.match(problem, /plugins\.verified is required.*examples$/);
});

Deno.test("pluginChecks() finds a plugin that makes something else each time", async () => {
  const random: AnyPlugin = {
    apiVersion: 1,
    setup: () => ({ cluster: (cluster) => ({ ...cluster, altStatName: crypto.randomUUID() }) }),
  };
  assert.deepEqual(Object.keys(await problemsOf(random)), [SAME, APART]);
  let starts = 0;
  const counting: AnyPlugin = {
    apiVersion: 1,
    setup() {
      starts++;
      return { listener: (listener) => ({ ...listener, statPrefix: `start-${starts}` }) };
    },
  };
  assert.deepEqual(await problemsOf(counting), { [SAME]: "what belongs to no session differs" });
});

Deno.test("pluginChecks() finds a plugin whose sessions depend on each other", async () => {
  const numbering: AnyPlugin = {
    apiVersion: 1,
    setup() {
      let count = 0;
      return { cluster: (cluster) => ({ ...cluster, altStatName: `number-${++count}` }) };
    },
  };
  assert.match((await problemsOf(numbering))[APART] ?? "", /^the resources of session ".*" differ$/);
  assert.equal((await problemsOf(numbering))[SAME], undefined);
});
