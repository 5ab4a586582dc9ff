import assert from "node:assert/strict";
import { join } from "node:path";
import { stringify } from "yaml";
import { freePort } from "../../core/dev/free_port.ts";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { createApiClient } from "./api_client.ts";
import { hasBubblewrap } from "./bubblewrap.ts";

const binary = Deno.env.get("SIGNALBOX_BIN") ?? "";
const canRun = binary !== "" && hasBubblewrap;

async function run(program: string, ...args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program, { args: [...args], stdout: "null" }).output();
  if (!success) throw new Error(`Cannot run "${program}": ${new TextDecoder().decode(stderr)}`);
}

/** The container's root file system, a config and a folder for data, as its user can use them. */
async function createContainer() {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-container-" });
  const [root, config, data] = ["root", "config", "data"].map((name) => join(folder, name));
  assert.ok(root && config && data);
  await Deno.chmod(folder, 0o755);
  await run("deploy/rootfs", binary, root);
  for (const path of [config, data]) await Deno.mkdir(path);
  if (Deno.uid() === 0) await Deno.chown(data, 65532, 65532);
  const write = (more: Readonly<Record<string, unknown>> = {}) =>
    Deno.writeTextFile(
      join(config, "signalbox.yaml"),
      stringify({
        domain: "example.org",
        http: { port: freePort() },
        grpc: { port: 0 },
        xds: { port: 0 },
        store: { kind: "sqlite", path: "/data/sessions.db" },
        log: { format: "json" },
        ...more,
      }),
    );
  await write();
  const program = ["deploy/sandbox", root, config, data];
  return {
    root,
    program,
    /** What a layer on top brings. */
    async addPlugin(name: string, text: string) {
      const folder = join(root, "usr/share/signalbox/plugins");
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(join(folder, `${name}.ts`), text);
      await write({ plugins: [{ name, from: `/usr/share/signalbox/plugins/${name}.ts` }] });
    },
    start: () => startSignalbox({ program, configPath: "/etc/signalbox/signalbox.yaml" }),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function filesIn(folder: string, below = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(join(folder, below))) {
    const path = `${below}/${name}`;
    if (isDirectory) found.push(...await filesIn(folder, path));
    else found.push(path);
  }
  return found.sort();
}

/** The process in the sandbox: the one child of the program that made it. */
async function insideOf(pid: number): Promise<number> {
  const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return Number(children.trim());
}

Deno.test({
  name: "the executable in its container has what it needs, and nothing else",
  ignore: !canRun,
  async fn() {
    await using container = await createContainer();
    const files = await filesIn(container.root);
    const libraries = files.filter((path) => /\/lib(64)?\/.*\.so(\.\d+)?$/.test(path));
    assert.deepEqual(files.filter((path) => !libraries.includes(path)), [
      "/etc/group",
      "/etc/nsswitch.conf",
      "/etc/passwd",
      "/usr/bin/signalbox",
      "/usr/share/doc/signalbox/LICENSE",
    ]);
    assert.ok(libraries.length > 3 && libraries.length < 12, libraries.join());
    assert.equal(await runSignalbox(["--version"], container.program), await runSignalbox(["--version"]));
  },
});

Deno.test({
  name: "the executable in its container is healthy, unprivileged, stops when it is told to, and keeps its sessions",
  ignore: !canRun,
  async fn() {
    await using container = await createContainer();
    const health = () => runSignalbox(["health", "--config", "/etc/signalbox/signalbox.yaml"], container.program);
    await assert.rejects(health(), /Cannot reach "127\.0\.0\.1:\d+"/);
    {
      await using signalbox = await container.start();
      assert.equal(await health(), "ready\n");
      await createApiClient(signalbox.httpUrl).register({ id: "s1", backend: { address: "10.0.0.1", port: 80 } });

      const pid = await insideOf(signalbox.pid);
      const status = await Deno.readTextFile(`/proc/${pid}/status`);
      assert.match(status, /^CapEff:\s+0+$/m);
      assert.match(status, /^CapBnd:\s+0+$/m);
      assert.match(status, /^NoNewPrivs:\s+1$/m);
      assert.doesNotMatch(status, /^Uid:\s+0/m);
      const mounts = (await Deno.readTextFile(`/proc/${pid}/mounts`)).split("\n").map((line) => line.split(" "));
      const writable = mounts.filter(([, , , options]) => /^rw\b/.test(options ?? "")).map(([, path]) => path);
      assert.deepEqual(writable.filter((path) => !path?.startsWith("/dev/") && path !== "/proc"), ["/data"]);

      // As a container engine does: it is the first process there, for which the kernel does nothing by itself.
      Deno.kill(pid, "SIGTERM");
      assert.equal((await signalbox.exited).code, 0);
    }
    await using again = await container.start();
    assert.equal((await createApiClient(again.httpUrl).request("GET", "/xds/tasks/s1")).status, 200);
  },
});

Deno.test({
  name: "the executable in its container runs a plugin of a layer on top",
  ignore: !canRun,
  async fn() {
    await using container = await createContainer();
    await container.addPlugin("greeting", "export default { apiVersion: 1 as number, setup: () => ({ route() {} }) };");
    await using signalbox = await container.start();
    const ready = signalbox.records.filter(({ message }) => message.startsWith("Plugin"));
    assert.deepEqual(ready.map(({ fields }) => fields.from), ["/usr/share/signalbox/plugins/greeting.ts"]);
  },
});
