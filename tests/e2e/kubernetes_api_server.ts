import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../core/dev/until.ts";
import { envoyPath } from "./envoy_test_case.ts";

/** An API server for tests: any that `KUBECONFIG` names, else one of our own. */
export interface ApiServer {
  /** Of an administrator. */
  readonly kubeconfig: string;
  /** Only of one of our own: the socket of its etcd. */
  readonly etcd?: string;
  /** Only of one of our own: ends it as `kill -9` does. What it had is on disk. */
  kill?(): Promise<void>;
  /** Only of one of our own: starts it again on the same port. */
  restart?(): Promise<void>;
}

const TOOL = "shared/tools/kube-api-test";

const found = await find();
if (typeof found === "string") {
  if (Deno.env.get("CI")) throw new Error(found);
  // deno-lint-ignore no-console
  console.warn(`Tests with Kubernetes are ignored: ${found}`);
}

type Found = { readonly kubeconfig: string } | { readonly tool: string };

/** `KUBECONFIG`, else the nearest `shared/tools/kube-api-test` beside the checkout or above it; or why there is none. */
async function find(): Promise<Found | string> {
  const kubeconfig = Deno.env.get("KUBECONFIG");
  if (kubeconfig) return { kubeconfig };
  let folder = fileURLToPath(new URL("../../", import.meta.url));
  while (folder !== dirname(folder)) {
    folder = dirname(folder);
    const tool = join(folder, TOOL);
    if (await Deno.stat(join(tool, "start.sh")).then(() => true, () => false)) return { tool };
  }
  return `KUBECONFIG is not set, and there is no ${TOOL} beside the checkout`;
}

let server: Promise<ApiServer & { stop(): Promise<void> }> | undefined;

/** A test that needs an API server, and a real Envoy unless told otherwise: ignored where there is none, a failure in CI. */
export function testWithKubernetes(
  name: string,
  run: (server: ApiServer) => Promise<void>,
  { envoy = true, own = false }: { readonly envoy?: boolean; readonly own?: boolean } = {},
): void {
  // What kills the API server does so to one of its own only.
  const ignore = typeof found === "string" || (envoy && envoyPath === "") || (own && "kubeconfig" in found);
  Deno.test({
    name,
    ignore,
    async fn() {
      server ??= start();
      await run(await server);
    },
  });
}

Deno.test.afterAll(async () => {
  await (await server)?.stop();
});

async function start(): Promise<ApiServer & { stop(): Promise<void> }> {
  if (typeof found === "string") throw new Error(found);
  if ("kubeconfig" in found) return { kubeconfig: found.kubeconfig, async stop() {} };
  const binary = (await output(join(found.tool, "get.sh"))).trim();
  const folder = await Deno.makeTempDir({ prefix: "signalbox-kube-" });
  const data = join(folder, "data");
  // The token stays the same when the server is started again; so do its certificates by themselves.
  const flags = ["--controllers", "all", "--watch-pid", String(Deno.pid), "--token", crypto.randomUUID()];
  await output(join(found.tool, "start.sh"), binary, data, "0", ...flags);
  const kubeconfig = join(data, "kubeconfig");
  const port = Number(/server: https:\/\/[^\s:]+:(\d+)/.exec(await Deno.readTextFile(kubeconfig))?.[1]);

  async function kill(): Promise<void> {
    Deno.kill(Number(await Deno.readTextFile(join(data, "pid"))), "SIGKILL");
    await until(async () => !await listens(port), { what: "the end of the API server" });
  }

  return {
    kubeconfig,
    etcd: join(data, "sock", "c"),
    kill,
    async restart() {
      // Not by start.sh, which begins with empty data.
      await Deno.remove(join(data, "ready"));
      const line = [binary, "--data-dir", data, "--port", String(port), ...flags].map((word) => `'${word}'`).join(" ");
      await output("bash", "-c", `nohup ${line} >>'${data}/log' 2>&1 </dev/null &`);
      await until(() => Deno.stat(join(data, "ready")), { timeoutMs: 60_000, what: "the API server" });
    },
    async stop() {
      await kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function listens(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch {
    return false;
  }
}

async function output(file: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(file, { args, stdin: "null" }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`Cannot run ${file}: ${new TextDecoder().decode(stderr)}`);
}
