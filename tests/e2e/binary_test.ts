import assert from "node:assert/strict";
import { join } from "node:path";
import { stringify } from "yaml";
import manifest from "../../deno.json" with { type: "json" };
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { createApiClient } from "./api_client.ts";

const binary = Deno.env.get("SIGNALBOX_BIN") ?? "";

/** A test of the executable: ignored where `SIGNALBOX_BIN` names none. */
function testBinary(name: string, run: (folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: binary === "",
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "signalbox-binary-" });
      try {
        await run(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

async function start(folder: string, config: Readonly<Record<string, unknown>> = {}) {
  const configPath = join(folder, "signalbox.yaml");
  const servers = { http: { port: 0 }, xds: { port: 0 }, grpc: { port: 0 } };
  const rest = { store: { kind: "sqlite", path: "s.db" }, log: { format: "json" } };
  await Deno.writeTextFile(configPath, stringify({ domain: "example.org", ...servers, ...rest, ...config }));
  return await startSignalbox({ configPath });
}

testBinary("the executable says what it was made of, and is under 110 MB", async () => {
  const version = await runSignalbox(["--version"]);
  assert.match(version, new RegExp(`^signalbox ${RegExp.escape(manifest.version)} \\([0-9a-f]{12}(\\+changes)?\\)\n$`));
  assert.ok((await Deno.stat(binary)).size < 110e6);
});

testBinary("the executable idles below 130 MB", async (folder) => {
  await using signalbox = await start(folder);
  const bytes = await createApiClient(signalbox.httpUrl).metric("process_resident_memory_bytes") ?? NaN;
  assert.ok(bytes > 0 && bytes < 130e6, String(bytes));
});

testBinary(
  "the executable makes, tests and bundles plugins, and runs one that it did not come with",
  async (folder) => {
    const plugin = join(folder, "tenant");
    await runSignalbox(["plugin", "new", plugin]);
    assert.match(await runSignalbox(["plugin", "test", plugin]), /\d+ passed, 0 failed\n$/);
    const bundled = join(folder, "tenant.js");
    await runSignalbox(["plugin", "bundle", plugin, "--out", bundled]);
    await using signalbox = await start(folder, { plugins: [{ name: "tenant", from: bundled }] });
    assert.match(
      await runSignalbox(["check", "--config", join(folder, "signalbox.yaml")]),
      /: OK: config, store, 1 plugin on 8 sample sessions; /,
    );
    const task = { id: "s1", address: "127.0.0.1", port: 1, plugins: { tenant: { tenant: "" } } };
    const refused = await fetch(`${signalbox.httpUrl}/xds/tasks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(task),
    });
    assert.deepEqual([refused.status, (await refused.json()).issues[0].path], [422, "plugins.tenant.tenant"]);
  },
);

/** One of two files of TypeScript, which sends each pod a header. */
const GREETING = `import type { Plugin } from "signalbox";
import { greet, type Greeting } from "../words/greet.ts";
const header: Greeting = greet("hello");
export default {
  apiVersion: 1,
  setup: () => ({ route: (route) => ({ ...route, requestHeadersToAdd: [{ header }] }) }),
} satisfies Plugin;
`;
const GREET = `export interface Greeting { readonly key: string; readonly value: string }
export const greet = (value: string): Greeting => ({ key: "x-greeting", value });
`;

async function writeGreeting(folder: string): Promise<string> {
  for (const [name, text] of [["greeting/plugin.ts", GREETING], ["words/greet.ts", GREET]] as const) {
    await Deno.mkdir(join(folder, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(folder, name), text);
  }
  return join(folder, "greeting");
}

testBinary(
  "the executable runs a folder of TypeScript that imports what lies elsewhere on the disk",
  async (folder) => {
    const from = await writeGreeting(folder);
    await using signalbox = await start(folder, { plugins: [{ name: "greeting", from }] });
    const api = createApiClient(signalbox.httpUrl);
    await api.register({ id: "s1", backend: { address: "127.0.0.1", port: 1 } });
    const explained = JSON.stringify((await api.request("GET", "/xds/tasks/s1/explain")).body);
    assert.match(explained, /x-greeting/);
    assert.match(explained, /hello/);
  },
);

testBinary("the executable says where a plugin in TypeScript is wrong, and that it pins JavaScript", async (folder) => {
  const from = await writeGreeting(folder);
  await Deno.writeTextFile(join(folder, "words/greet.ts"), "export const greet = ;\n");
  await assert.rejects(
    start(folder, { plugins: [{ name: "greeting", from }] }),
    /plugins\[0\]\.from: cannot load ".*plugin\.ts": \.\.\/words\/greet\.ts:1: Unexpected ";"/,
  );
  await assert.rejects(
    start(folder, { plugins: [{ name: "greeting", from, sha256: "0".repeat(64) }] }),
    /plugins\[0\]\.from: cannot load ".*plugin\.ts": a compiled Signalbox pins JavaScript alone; "signalbox plugin bundle"/,
  );
});

testBinary("a plugin of the executable can neither start programs nor load code from elsewhere", async (folder) => {
  const text = `
const tries = {
  program: () => new Deno.Command("true").output(),
  library: () => Deno.dlopen("libc.so.6", {}),
  // TEST-NET-1, RFC 5737: nobody has it.
  remote: () => import("https://192.0.2.1/plugin.js"),
};
export default {
  apiVersion: 1,
  async setup() {
    const outcomes = {};
    for (const [name, attempt] of Object.entries(tries)) {
      try {
        await attempt();
        outcomes[name] = "done";
      } catch (thrown) {
        outcomes[name] = thrown.name + ": " + thrown.message;
      }
    }
    throw new Error(JSON.stringify(outcomes));
  },
};
`;
  const path = join(folder, "bold.js");
  await Deno.writeTextFile(path, text);
  const failure = await start(folder, { plugins: [{ name: "bold", from: path }] }).then(() => "", String);
  assert.match(failure, /"program":"NotCapable: Requires run access/);
  assert.match(failure, /"library":"NotCapable: /);
  assert.match(failure, /"remote":"TypeError: Module not found/);
});
