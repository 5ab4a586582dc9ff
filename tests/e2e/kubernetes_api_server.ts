import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../core/dev/until.ts";

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

export type FoundApiServer = { readonly kubeconfig: string } | { readonly tool: string };

/** `KUBECONFIG`, else the nearest `shared/tools/kube-api-test` beside the checkout or above it; or why there is none. */
export async function findApiServer(): Promise<FoundApiServer | string> {
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

/** Any that `KUBECONFIG` names, else one of our own, which ends with it. */
export async function startApiServer(found: FoundApiServer): Promise<ApiServer & AsyncDisposable> {
  if ("kubeconfig" in found) return { kubeconfig: found.kubeconfig, async [Symbol.asyncDispose]() {} };
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
    async [Symbol.asyncDispose]() {
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
