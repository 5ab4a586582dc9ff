import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { DEV_CONFIG } from "../../core/dev/dev_config.ts";
import { signalboxProgram } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";

interface Dev extends AsyncDisposable {
  /** Everything that it has printed. */
  readonly text: string;
  /** Resolves with the first line that has `part` and was not returned before. */
  line(part: string): Promise<string>;
  signal(signal: Deno.Signal): void;
  /** The exit code. */
  ended(): Promise<number>;
}

/** `signalbox dev` with its files in `folder`. */
function startDev(folder: string): Dev {
  const [file = "", ...args] = signalboxProgram();
  const child = new Deno.Command(file, { args: [...args, "dev"], cwd: folder, stdout: "piped", stderr: "piped" })
    .spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const complaints = new Response(child.stderr).text();
  let text = "";
  let at = 0;
  async function line(part: string): Promise<string> {
    for (;;) {
      const end = text.indexOf("\n", at);
      if (end === -1) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`dev ended before "${part}":\n${text}${await complaints}`);
        text += value;
        continue;
      }
      const found = text.slice(at, end);
      at = end + 1;
      if (found.includes(part)) return found;
    }
  }
  async function ended(): Promise<number> {
    for (let next = await reader.read(); !next.done; next = await reader.read()) text += next.value;
    text += await complaints;
    return (await child.status).code;
  }
  let isOver = false;
  child.status.then(() => isOver = true);
  return {
    get text() {
      return text;
    },
    line,
    ended,
    signal: (signal) => child.kill(signal),
    async [Symbol.asyncDispose]() {
      if (!isOver) child.kill("SIGTERM");
      await ended();
    },
  };
}

async function runDev(folder: string, ...args: readonly string[]) {
  const [file = "", ...rest] = signalboxProgram();
  const { code, stdout, stderr } = await new Deno.Command(file, { args: [...rest, "dev", ...args], cwd: folder })
    .output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-dev-" });
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** As somebody has changed it, before the first start. Resolves with its path. */
async function writeConfig(folder: string, text: string): Promise<string> {
  const path = join(folder, ".signalbox/dev/signalbox.yaml");
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(path, text);
  return path;
}

const urlIn = (line: string): string => /http:\/\/[\d.:]+/.exec(line)?.[0] ?? "";

async function isGone(url: string): Promise<boolean> {
  return await fetch(url).then(async (response) => (await response.body?.cancel(), false), () => true);
}

testWithEnvoy(
  "dev runs all of it, restarts what changes or ends, and leaves nothing behind",
  () =>
    withFolder(async (folder) => {
      await using dev = startDev(folder);
      const api = urlIn(await dev.line("tasks API"));
      const envoy = urlIn(await dev.line("Envoy"));
      await dev.line("A call through Envoy works: backend blue answered blue.dev.localhost");
      await dev.line("Ctrl-C ends it all");

      const call = await runDev(folder, "call", "green.dev.localhost", "good day");
      assert.match(call.out, /^green says "good day" to green\.dev\.localhost, in \d+ ms\n/);
      const unknown = await runDev(folder, "call", "red.dev.localhost");
      assert.equal(unknown.code, 1);
      assert.match(unknown.err, /^error: Cannot call "red\.dev\.localhost": no session has this host/);
      const second = await runDev(folder);
      assert.deepEqual(second, {
        code: 1,
        out: "",
        err: 'error: Cannot run in ".signalbox/dev": another `dev` runs there\n',
      });

      const configPath = join(folder, ".signalbox/dev/signalbox.yaml");
      const config = await Deno.readTextFile(configPath);
      await Deno.writeTextFile(configPath, config.replace("routes: scoped", "routes: none"));
      assert.match(await dev.line("changed, but"), /delivery\.routes: must be scoped, rds or vhds$/);
      await Deno.writeTextFile(configPath, config.replace("routes: scoped", "routes: rds"));
      assert.match(await dev.line("restarted"), /signalbox\.yaml changed: .*blue\.dev\.localhost answers/);

      await (await fetch(`${envoy}/quitquitquit`, { method: "POST" })).body?.cancel();
      await dev.line("Envoy ended by itself (code 0). It starts again on a change.");
      await Deno.writeTextFile(configPath, config);
      await dev.line("blue.dev.localhost answers");

      dev.signal("SIGINT");
      assert.equal(await dev.ended(), 0);
      assert.doesNotMatch(dev.text, /error|defect/);
      assert.ok(await isGone(api), "Signalbox is still there");
      assert.ok(await isGone(envoy), "the first Envoy is still there");
      const admin = (await Deno.readTextFile(join(folder, ".signalbox/dev/envoy.admin"))).trim();
      assert.ok(await isGone(`http://${admin}`), "Envoy is still there");
    }),
);

testWithEnvoy("dev ends at a signal that comes while it starts", () =>
  withFolder(async (folder) => {
    await using dev = startDev(folder);
    const api = urlIn(await dev.line("tasks API"));
    dev.signal("SIGHUP");
    assert.equal(await dev.ended(), 0);
    assert.doesNotMatch(dev.text, /error|defect/);
    assert.ok(await isGone(api));
  }));

testWithEnvoy(
  "dev goes on when a plugin does not take its sessions, and serves them when it does",
  () =>
    withFolder(async (folder) => {
      const pluginPath = join(folder, "pod_token.ts");
      const write = (schema: string) =>
        Deno.writeTextFile(
          pluginPath,
          `export default { apiVersion: 1, session: ({ z }) => ${schema}, examples: [{ session: "a" }], setup: () => ({}) };\n`,
        );
      await write("z.string().optional()");
      await writeConfig(folder, `${DEV_CONFIG}plugins: [{ name: pod-token, from: ../../pod_token.ts }]\n`);
      await using dev = startDev(folder);
      await dev.line("A call through Envoy works");
      await dev.line("Ctrl-C ends it all");
      await write("z.string()");
      assert.match(await dev.line("changed"), /: restarted in \d+ ms$/);
      assert.equal(await dev.line("blue is"), "  blue is not served: plugin pod-token: plugins.pod-token: is required");
      dev.signal("SIGINT");
      assert.equal(await dev.ended(), 0);

      await using again = startDev(folder);
      // Where another dev has the backends' ports it is another registration, which is refused and not kept.
      assert.match(
        await again.line("blue is"),
        /^ {2}blue is not served: (plugin pod-token: )?plugins\.pod-token: is required$/,
      );
      await again.line("Ctrl-C ends it all");
      await write("z.string().optional()");
      await again.line("blue.dev.localhost answers");
    }),
);

testWithEnvoy(
  "dev takes another port for one that is taken, and that one again when it is free",
  () =>
    withFolder(async (folder) => {
      const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = taken.addr;
      const config = `domain: dev.localhost
http: { port: ${port} }
xds: { port: 0 }
grpc: { port: 0 }
store: { kind: memory }
listeners: [{ name: ingress, address: 127.0.0.1, port: 0 }]
log: { format: json }
`;
      const configPath = await writeConfig(folder, config);
      {
        await using dev = startDev(folder);
        assert.match(await dev.line("was taken"), new RegExp(`http.port ${port} was taken: it is \\d+ now`));
        const api = await dev.line("tasks API");
        await dev.line("Ctrl-C ends it all");
        taken.close();
        assert.match((await runDev(folder, "call", "blue.dev.localhost")).out, /^blue says/);
        await Deno.writeTextFile(configPath, `${config}# changed\n`);
        await dev.line("blue.dev.localhost answers");
        await (await fetch(/http.*/.exec(api)?.[0] ?? "")).body?.cancel();
      }
      assert.equal(await Deno.readTextFile(configPath), `${config}# changed\n`);
      await using dev = startDev(folder);
      assert.equal(urlIn(await dev.line("tasks API")), `http://127.0.0.1:${port}`);
    }),
);

testWithEnvoy(
  "dev runs a plugin from a folder outside of the project, and again when a file of it changes",
  () =>
    withFolder(async (folder) => {
      const outside = join(folder, "greeting");
      await Deno.mkdir(join(outside, "words"), { recursive: true });
      await Deno.writeTextFile(
        join(outside, "plugin.ts"),
        `import type { Plugin } from "signalbox";
import { word } from "./words/word.ts";
const value: string = word;
export default {
  apiVersion: 1,
  setup: () => ({ route: (route) => ({ ...route, requestHeadersToAdd: [{ header: { key: "x-greeting", value } }] }) }),
} satisfies Plugin;
`,
      );
      const write = (word: string) =>
        Deno.writeTextFile(join(outside, "words/word.ts"), `export const word: string = "${word}";\n`);
      await write("hello");
      await using dev = startDev(folder);
      await dev.line("Ctrl-C ends it all");
      const greeting = async () =>
        /x-greeting: (.*)/.exec((await runDev(folder, "call", "blue.dev.localhost")).out)?.[1];
      assert.equal(await greeting(), undefined);

      const configPath = join(folder, ".signalbox/dev/signalbox.yaml");
      const config = await Deno.readTextFile(configPath);
      await Deno.writeTextFile(configPath, `${config}plugins: [{ name: greeting, from: ../../greeting }]\n`);
      await dev.line("blue.dev.localhost answers");
      await until(async () => await greeting() === "hello");
      await write("good day");
      assert.match(await dev.line("changed"), /word\.ts changed: .*blue\.dev\.localhost answers/);
      await until(async () => await greeting() === "good day");
    }),
);
