import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { SignalboxError } from "../signalbox_error.ts";
import { type BundledPlugins, loadPlugins, type PluginSpec } from "./load_plugins.ts";
import type { Plugin, PluginHost } from "./plugin.ts";
import { PluginRuntime } from "./plugin_runtime.ts";
import type { AnyPlugin } from "./read_plugin.ts";

const spec = (name: string, more: Partial<PluginSpec> = {}): PluginSpec => (
  { name, onError: "keep-last", baseDir: "/", ...more }
);

const bundle = (plugins: Readonly<Record<string, AnyPlugin>>): BundledPlugins =>
  Object.fromEntries(
    Object.entries(plugins).map(([name, plugin]) => [name, () => Promise.resolve({ default: plugin })]),
  );

async function load(
  specs: readonly PluginSpec[],
  plugins: Readonly<Record<string, AnyPlugin>> = {},
  setupTimeoutMs = 60_000,
) {
  using runtime = new PluginRuntime({ invalidate: () => {} });
  return await loadPlugins(specs, { bundled: bundle(plugins), runtime, setupTimeoutMs });
}

async function problemsOf(...args: Parameters<typeof load>): Promise<readonly string[]> {
  try {
    await load(...args);
  } catch (thrown) {
    assert(thrown instanceof SignalboxError, String(thrown));
    assert.equal(thrown.code, "invalid_config");
    return thrown.issues.map(({ path, message }) => `${path}: ${message}`);
  }
  assert.fail("they were loaded");
}

/** Runs `body` with a folder that has these files. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(join(folder, name, ".."), { recursive: true });
      await Deno.writeTextFile(join(folder, name), text);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const nothing = { apiVersion: 1, setup: () => ({}) } satisfies Plugin;

Deno.test("loadPlugins() sets plugins up in their order, each with its config and its own host", async () => {
  const seen: unknown[] = [];
  const config = ({ z }: Parameters<Extract<AnyPlugin["config"], (...args: never[]) => unknown>>[0]) =>
    z.strictObject({ a: z.int().default(1) });
  const plugin: AnyPlugin = {
    apiVersion: 1,
    config,
    setup(config: unknown, host: PluginHost) {
      seen.push([host.name, config]);
      return Promise.resolve({ route: () => {} });
    },
  };
  const specs = [spec("p", { config: { a: 2 } }), spec("q", { onError: "skip" })];
  const hookSets = await load(specs, { p: plugin, q: plugin });
  assert.deepEqual(seen, [["p", { a: 2 }], ["q", { a: 1 }]]);
  assert.deepEqual(hookSets.map(({ plugin, onError }) => [plugin, onError]), [["p", "keep-last"], ["q", "skip"]]);
  assert.deepEqual(hookSets.map(({ hooks }) => Object.keys(hooks)), [["route"], ["route"]]);
});

Deno.test("loadPlugins() reports all that is wrong at once, and sets nothing up", async () => {
  const eager: AnyPlugin = { apiVersion: 1, setup: () => assert.fail("was set up") };
  const picky: AnyPlugin = { ...eager, config: ({ z }) => z.strictObject({ a: z.string(), b: z.int() }) };
  const broken: AnyPlugin = {
    ...eager,
    config: () => {
      throw new Error("no schema today");
    },
  };
  const specs = [
    spec("eager"),
    spec("eager", { config: {} }),
    spec("picky", { config: { a: 1, c: true } }),
    spec("missing"),
    spec("gone", { from: "/nowhere/plugin.ts" }),
    spec("broken"),
  ];
  assert.deepEqual(await problemsOf(specs, { eager, picky, broken }), [
    "plugins[1].config: must be left out: the plugin takes none",
    "plugins[2].config.a: must be a string, got a number",
    "plugins[2].config.b: is required",
    "plugins[2].config.c: is not a known field",
    'plugins[3].name: no plugin "missing" comes with Signalbox (eager, picky, broken); others need a "from"',
    'plugins[4].from: cannot load "/nowhere/plugin.ts": there is no such file',
    "plugins[5].config: the plugin's schema failed: no schema today",
  ]);
});

for (
  const [what, plugin, problem] of [
    ["no object", "text", "the default export must be an object, is a string"],
    [
      "another apiVersion",
      { ...nothing, apiVersion: 2 },
      "apiVersion must be 1, the only one that this Signalbox knows, is 2",
    ],
    ["no setup", { apiVersion: 1 }, "setup must be a function, is nothing"],
    [
      "a key that is unknown",
      { ...nothing, confg: {} },
      'the plugin has "confg"; known are apiVersion, config, session, examples, setup',
    ],
    [
      "a schema that is none",
      { ...nothing, session: {} },
      "session must be a Standard Schema or a function that makes one",
    ],
    ["examples that are none", { ...nothing, examples: {} }, "examples must be an array of objects"],
    ["no hooks", { ...nothing, setup: () => {} }, "setup must return an object of hooks, returned nothing"],
    [
      "an unknown hook",
      { ...nothing, setup: () => ({ routes: () => {} }) },
      'setup returned a hook "routes"; there are session, endpoint, cluster, secret, route, virtualHost, listener, extras',
    ],
    [
      "a hook of an unknown order",
      { ...nothing, setup: () => ({ route: { order: "first", run: () => {} } }) },
      'the hook "route" must be a function, or { order: "pre" or "post", run: a function }',
    ],
    [
      "a setup that throws",
      {
        ...nothing,
        setup: () => {
          throw new Error("no database");
        },
      },
      "its setup failed: no database",
    ],
  ] as const
) {
  Deno.test(`loadPlugins() refuses a plugin with ${what}`, async () => {
    assert.deepEqual(await problemsOf([spec("p")], { p: plugin as unknown as AnyPlugin }), [`plugins[0]: ${problem}`]);
  });
}

Deno.test("loadPlugins() does not wait for a setup for ever", async () => {
  const stuck: AnyPlugin = { apiVersion: 1, setup: () => new Promise(() => {}) };
  assert.deepEqual(await problemsOf([spec("p")], { p: stuck }, 5), [
    "plugins[0]: its setup failed: it took more than 0.005 s",
  ]);
});

Deno.test("loadPlugins() shows no secret that a setup threw", () =>
  withFiles({ token: "s3cr3t" }, async (folder) => {
    const leaky: AnyPlugin = {
      apiVersion: 1,
      setup(_: undefined, host: PluginHost) {
        throw new Error(`cannot log in with ${host.secret({ file: "token" }).reveal()}`);
      },
    };
    assert.deepEqual(await problemsOf([spec("p", { baseDir: folder })], { p: leaky }), [
      "plugins[0]: its setup failed: cannot log in with [redacted]",
    ]);
  }));

Deno.test("loadPlugins() runs files of TypeScript with relative imports, files of JavaScript, and folders", () =>
  withFiles({
    "a/plugin.ts": `import type { Nothing } from "nowhere";
import { hooks } from "./deep/hooks.ts";
export default { apiVersion: 1, setup: () => hooks satisfies Nothing };`,
    "a/deep/hooks.ts": `export const hooks: Record<string, () => void> = { route() {} };`,
    "b.js": `export default { apiVersion: 1, setup: () => ({ cluster() {} }) };`,
  }, async (folder) => {
    const from = (path: string) => ({ from: join(folder, path) });
    const hookSets = await load([spec("a", from("a")), spec("a2", from("a/plugin.ts")), spec("b", from("b.js"))]);
    assert.deepEqual(hookSets.map(({ hooks }) => Object.keys(hooks)), [["route"], ["route"], ["cluster"]]);
  }));

Deno.test("loadPlugins() says why a file cannot be run", () =>
  withFiles({
    "empty/readme.txt": "",
    "syntax.ts": "export default {",
    "throws.ts": 'throw new Error("not today");',
    "astray.ts": 'import "./nowhere.ts";',
    "none.ts": "export const plugin = 1;",
  }, async (folder) => {
    const names = ["empty", "syntax.ts", "throws.ts", "astray.ts", "none.ts"];
    const problems = await problemsOf(names.map((name, i) => spec(`p${i}`, { from: join(folder, name) })));
    const expected = [
      /^plugins\[0\]\.from: cannot load ".*empty": the folder has no plugin\.ts or plugin\.js$/,
      /^plugins\[1\]\.from: cannot load ".*syntax\.ts": /,
      /^plugins\[2\]\.from: cannot load ".*throws\.ts": not today$/,
      /^plugins\[3\]\.from: cannot load ".*astray\.ts": .*nowhere\.ts/,
      /^plugins\[4\]\.from: the module has no default export$/,
    ];
    assert.equal(problems.length, expected.length);
    expected.forEach((pattern, i) => assert.match(problems[i] ?? "", pattern));
  }));

Deno.test("loadPlugins() runs a pinned file only when it is the very file, and nothing beside it", () =>
  withFiles({
    "pinned.js": `export default { apiVersion: 1, setup: () => ({ route() {} }) };`,
    "pinned.ts": `const n: number = 1; export default { apiVersion: 1, setup: () => (n, { route() {} }) };`,
    "importing.js": `import "./pinned.js"; export default { apiVersion: 1, setup: () => ({}) };`,
  }, async (folder) => {
    const pin = async (name: string) => {
      const sha256 = createHash("sha256").update(await Deno.readFile(join(folder, name))).digest("hex");
      return { from: join(folder, name), sha256 };
    };
    const upper = (pinned: { from: string; sha256: string }) => ({ ...pinned, sha256: pinned.sha256.toUpperCase() });
    const specs = [spec("a", await pin("pinned.js")), spec("b", upper(await pin("pinned.ts")))];
    assert.deepEqual((await load(specs)).map(({ hooks }) => Object.keys(hooks)), [["route"], ["route"]]);

    const stale = await pin("pinned.js");
    await Deno.writeTextFile(join(folder, "pinned.js"), "export default 'another';");
    const now = (await pin("pinned.js")).sha256;
    const [changed, importing] = await problemsOf([spec("a", stale), spec("b", await pin("importing.js"))]);
    assert.equal(changed, `plugins[0].sha256: is not that of "${stale.from}", which is ${now}`);
    assert.match(importing ?? "", /^plugins\[1\]\.from: cannot load /);
  }));

Deno.test("loadPlugins() makes a reader of what sessions say, and lets schemas fail without harm", async () => {
  const read = async (session: NonNullable<AnyPlugin["session"]>, said: unknown) => {
    const [hookSet] = await load([spec("p")], { p: { ...nothing, session } });
    return hookSet?.readInput?.(said);
  };
  assert.deepEqual(await read(({ z }) => z.string().optional(), undefined), { ok: true, input: undefined });
  assert.deepEqual(await read(({ z }) => z.strictObject({ a: z.string() }), undefined), {
    ok: false,
    issues: [{ path: "", message: "is required" }],
  });
  const failing = ({ z }: Parameters<Extract<AnyPlugin["config"], (...args: never[]) => unknown>>[0]) =>
    z.any().transform(() => {
      throw new Error("a defect");
    });
  assert.deepEqual(await read(failing, {}), {
    ok: false,
    issues: [{ path: "", message: "cannot be checked: a defect" }],
  });
  const later = {
    "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) },
  } as const;
  assert.deepEqual(await read(later, {}), {
    ok: false,
    issues: [{ path: "", message: "cannot be checked: the plugin's schema is asynchronous" }],
  });
});
