import assert from "node:assert/strict";

/** Who may import whom inside `core/`, by folder: the layout of the design. A file directly in `core/` is open to all. */
const MAY_IMPORT: Readonly<Record<string, readonly string[] | "all">> = {
  command: "all",
  dev: ["command", "config", "observe"],
  config: [],
  session: [],
  source: ["session", "store", "http", "grpc", "proto", "observe", "access", "kubernetes"],
  kubernetes: [],
  store: ["session", "kubernetes"],
  plugin: ["session", "proto"],
  author: ["plugin", "pipeline", "session", "proto", "cache", "config"],
  pipeline: ["session", "plugin", "proto", "cache"],
  proto: [],
  cache: ["proto"],
  xds: ["cache", "proto", "observe", "grpc", "http", "access"],
  access: ["config"],
  http: ["observe", "access"],
  grpc: ["http", "proto", "observe", "access"],
  admin: ["observe", "http"],
  observe: [],
};

/** Folders whose files do no input or output and know no time. */
const PURE = ["session", "pipeline", "proto", "cache"];
const IMPURE = /\bDeno\.|\bDate\.now\(|\bperformance\.now\(|\bMath\.random\(|\bsetTimeout\(|\bfetch\(|\bconsole\./;

const MAX_LINES = 400;

interface Source {
  readonly path: string;
  readonly text: string;
}

async function sources(folder: string): Promise<Source[]> {
  const found: Source[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory && entry.name !== "generated" && entry.name !== "node_modules") {
      found.push(...await sources(path));
    } else if (entry.isFile && entry.name.endsWith(".ts")) found.push({ path, text: await Deno.readTextFile(path) });
  }
  return found.sort((a, b) => a.path < b.path ? -1 : 1);
}

const folderOf = (path: string): string | undefined => /^core\/([^/]+)\//.exec(path)?.[1];

/** The paths in the tree that a file imports. */
function imports({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map((match) => match[1] ?? "");
  return specifiers.map((specifier) => new URL(specifier, `file:///${path}`).pathname.slice(1));
}

Deno.test("every folder of core imports only what the layout allows", async () => {
  const wrong: string[] = [];
  for (const source of await sources("core")) {
    const folder = folderOf(source.path);
    if (folder === undefined || source.path.endsWith("_test.ts")) continue;
    const allowed = MAY_IMPORT[folder];
    if (allowed === undefined) wrong.push(`${source.path}: core/${folder} is not in the layout`);
    if (allowed === undefined || allowed === "all") continue;
    for (const target of imports(source)) {
      const other = folderOf(target);
      if (other === undefined || other === folder || allowed.includes(other)) continue;
      wrong.push(`${source.path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("no file imports itself by way of others", async () => {
  const files = (await sources("core")).filter(({ path }) => !path.endsWith("_test.ts"));
  const left = new Map(files.map((file) => [file.path, new Set(imports(file))]));
  // What imports nothing that is left is in no circle.
  for (let before = -1; before !== left.size;) {
    before = left.size;
    for (const [path, targets] of left) if (![...targets].some((target) => left.has(target))) left.delete(path);
  }
  assert.deepEqual([...left.keys()], []);
});

Deno.test("sources know the registrar, and the registrar knows no source", async () => {
  const wrong: string[] = [];
  for (const source of await sources("core/source")) {
    if (!/^core\/source\/[^/]+(?<!_test)\.ts$/.test(source.path)) continue;
    for (const target of imports(source)) {
      if (/^core\/source\/[^/]+\//.test(target)) wrong.push(`${source.path} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("a plugin imports nothing when it runs but files of its own folder, and node: modules", async () => {
  const wrong: string[] = [];
  for (const { path, text } of await sources("plugins")) {
    const folder = /^plugins\/[^/]+\//.exec(path)?.[0];
    if (folder === undefined || path.endsWith("_test.ts")) continue;
    for (const [statement, , specifier = ""] of text.matchAll(/^(import|export)\b[^;]*?\bfrom "([^"]+)"/gm)) {
      const own = new URL(specifier, `file:///${path}`).pathname.slice(1).startsWith(folder);
      if (!/^(import|export) type\b/.test(statement) && !own && !specifier.startsWith("node:")) {
        wrong.push(`${path} imports ${specifier}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("pure folders touch neither the system nor the clock", async () => {
  const wrong: string[] = [];
  for (const folder of PURE) {
    for (const { path, text } of await sources(`core/${folder}`)) {
      if (path.endsWith("_test.ts")) continue;
      for (const [index, line] of text.split("\n").entries()) {
        if (IMPURE.test(line) && !/^\s*(\/\/|\*|\/\*)/.test(line)) wrong.push(`${path}:${index + 1}: ${line.trim()}`);
      }
    }
  }
  assert.deepEqual(wrong, []);
});

Deno.test("what is imported late is a file of ours, or the runtime's: bundled, a package would have lost its names", async () => {
  const wrong: string[] = [];
  for (const { path, text } of await sources("core")) {
    if (path.endsWith("_test.ts")) continue;
    for (const [, specifier = ""] of text.matchAll(/\bimport\("([^"]+)"\)/g)) {
      if (!/^(\.|node:)/.test(specifier)) wrong.push(`${path}: ${specifier}`);
    }
  }
  assert.deepEqual(wrong, []);
});

/** What `serve` reads of packages whatever is configured; all others cost start and memory only where they are used. */
const ALWAYS_LOADED = [
  "@grpc/grpc-js",
  "@hono/node-server",
  "@logtape/logtape",
  "commander",
  "hono",
  "ipaddr.js",
  "prom-client",
  "protobufjs",
  "sorted-btree",
  "tinyqueue",
  "yaml",
  "zod",
];

Deno.test("serve imports no package that is not always needed", async () => {
  const texts = new Map<string, string>();
  const packages = new Set<string>();
  const entries = ["main.ts", "core/config/load_config.ts", "core/config/exposure.ts", "core/signalbox.ts"];
  for (let path = entries.pop(); path !== undefined; path = entries.pop()) {
    if (texts.has(path) || !path.endsWith(".ts")) continue;
    const text = await Deno.readTextFile(path);
    texts.set(path, text);
    for (const [, what = "", specifier = ""] of text.matchAll(/^(?:import\b|export [{*])([^;"]*?)"([^"]+)"/gm)) {
      if (/^ type\b/.test(what)) continue;
      if (/^\.\.?\//.test(specifier)) entries.push(new URL(specifier, `file:///${path}`).pathname.slice(1));
      else if (!specifier.startsWith("node:")) packages.add(/^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? "");
    }
  }
  assert.deepEqual([...packages].sort(), ALWAYS_LOADED);
  assert.ok(texts.has("core/xds/xds_server.ts"));
  assert.ok(!texts.has("core/source/grpc/grpc_api.ts"));
});

Deno.test("no file that we wrote is longer than 400 lines", async () => {
  const long: string[] = [];
  for (const folder of ["core", "plugins", "protos", "tests"]) {
    for (const { path, text } of await sources(folder)) {
      const lines = text.split("\n").length - 1;
      if (lines > MAX_LINES) long.push(`${path}: ${lines}`);
    }
  }
  assert.deepEqual(long, []);
});
