import assert from "node:assert/strict";
import { join } from "node:path";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { signalboxProgram } from "../../core/dev/signalbox_program.ts";
import { createApiClient } from "./api_client.ts";

async function withConfig(lines: string, run: (configPath: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-process-" });
  try {
    const configPath = join(folder, "signalbox.yaml");
    await Deno.writeTextFile(configPath, `domain: example.org\nlisteners: []\n${lines}\n`);
    await run(configPath);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `serve` as a person starts it, until it ends or has logged `until`, which stops it. */
async function serve(configPath: string, until?: string) {
  const [file = "", ...args] = signalboxProgram();
  const child = new Deno.Command(file, {
    args: [...args, "serve", "--config", configPath],
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  let isStopping = false;
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (until === undefined || isStopping || !text.includes(until)) continue;
    isStopping = true;
    child.kill("SIGTERM");
  }
  return { code: (await child.status).code, text };
}

const PORTS = "http: { port: 0 }\nxds: { port: 0 }\ngrpc: { port: 0 }";

Deno.test("serve logs the ports that it took, for people too, and ends with 0 when it is told to", () =>
  withConfig(`${PORTS}\nstore: { kind: memory }`, async (configPath) => {
    const { code, text } = await serve(configPath, "Ready");
    assert.equal(code, 0);
    const lines = text.trimEnd().split("\n").map((line) => line.replace(/^\S+ /, "").replace(/port=\d+/, "port=PORT"));
    assert.deepEqual(lines.slice(0, 3), [
      "INFO  HTTP API listening address=127.0.0.1 port=PORT tls=false",
      "INFO  gRPC API listening address=127.0.0.1 port=PORT tls=false",
      "INFO  xDS listening address=127.0.0.1 port=PORT tls=false",
    ]);
    assert.match(lines[3] ?? "", /^INFO {2}Ready in \d+ ms with 0 sessions generation=0$/);
    assert.equal(lines.length, 4);
  }));

Deno.test("serve says in one line why it cannot listen", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr;
  for (const key of ["http", "xds", "grpc"]) {
    const ports = PORTS.replace(`${key}: { port: 0 }`, `${key}: { port: ${port} }`);
    await withConfig(`${ports}\nstore: { kind: memory }`, async (configPath) => {
      assert.deepEqual(await serve(configPath), {
        code: 1,
        text: `error: Cannot listen on "127.0.0.1:${port}" (${key}.port): the port is taken\n`,
      });
    });
  }
});

Deno.test("serve names every certificate that cannot be used", async () => {
  const lines = `${PORTS}\nstore: { kind: memory }`;
  await withConfig(lines, async (configPath) => {
    const listeners = "listeners:\n  - { name: a, port: 1, tls: { cert: none.crt, key: none.key } }\n";
    await Deno.writeTextFile(configPath, `domain: example.org\n${lines}\n${listeners}`);
    const folder = join(configPath, "..");
    assert.deepEqual(await serve(configPath), {
      code: 1,
      text: "error: Cannot use the listeners' certificates\n" +
        `  listeners[0].tls.cert: cannot read "${join(folder, "none.crt")}": there is no such file\n` +
        `  listeners[0].tls.key: cannot read "${join(folder, "none.key")}": there is no such file\n`,
    });
  });
});

Deno.test("a batch is there whole or not at all after kill -9, and what was answered is there", () =>
  withConfig(`${PORTS}\nlog: { format: json }`, async (configPath) => {
    const SIZE = 500;
    const answered = new Set<number>();
    let batch = 0;
    for (const rounds of [3, 1, 2]) {
      await using signalbox = await startSignalbox({ configPath });
      const api = createApiClient(signalbox.httpUrl);
      const post = async (number: number) => {
        const tasks = Array.from({ length: SIZE }, (_, i) => ({ id: `b${number}-${i}`, address: "10.0.0.1", port: 1 }));
        const { status } = await api.request("POST", "/xds/tasks:batch", { tasks });
        if (status === 200) answered.add(number);
      };
      for (let i = 0; i < rounds; i++) await post(batch++);
      // Several under way at once, and the end somewhere in them: after the first that is answered.
      const open = Array.from({ length: 6 }, () => post(batch++));
      await Promise.race(open);
      await signalbox.kill();
      await Promise.allSettled(open);
    }
    await using signalbox = await startSignalbox({ configPath });
    const api = createApiClient(signalbox.httpUrl);
    const counts = new Map<number, number>();
    let query = "?limit=1000";
    while (query !== "") {
      const { tasks, next } = Object((await api.request("GET", `/xds/tasks${query}`)).body);
      for (const { id } of tasks) {
        const number = Number(/^b(\d+)-/.exec(id)?.[1]);
        counts.set(number, (counts.get(number) ?? 0) + 1);
      }
      query = next === undefined ? "" : `?limit=1000&after=${next}`;
    }
    for (const [number, count] of counts) assert.equal(count, SIZE, `batch ${number} is there in part`);
    for (const number of answered) assert.ok(counts.has(number), `batch ${number} was answered and is gone`);
    assert.ok(answered.size >= 6);
  }));
