import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEnvoy } from "../../../core/dev/envoy_process.ts";
import { freePort } from "../../../core/dev/free_port.ts";
import { type ApiClient, createApiClient } from "../../e2e/api_client.ts";
import { envoyPath } from "../../e2e/envoy_test_case.ts";
import { createWorld, DOMAIN } from "../../e2e/harness.ts";
import { buildBootstrap, type Delivery } from "./envoy_bootstrap.ts";
import { startServer } from "./server_process.ts";

/** A control plane that runs, and takes the same registrations as all others. */
export interface Contender extends AsyncDisposable {
  readonly pid: number;
  readonly api: ApiClient;
  /** Where a session is registered. */
  readonly path: string;
  /** Starts its Envoy; the address of the cleartext listener, which listens once Envoy has routes. */
  startEnvoy(): Promise<string>;
}

/** By the names of the table's rows; undefined where the machine lacks what it needs, which `needs` says. */
export const CONTENDERS: Readonly<
  Record<string, { readonly needs?: string; readonly start: () => Promise<Contender | undefined> }>
> = {
  "Signalbox": { start: () => startSignalbox("/xds/tasks") },
  "Signalbox, `?wait=live`": { start: () => startSignalbox("/xds/tasks?wait=live") },
  "go-control-plane, snapshot cache": { needs: "Go", start: () => startGoControlPlane("snapshot") },
  "go-control-plane, linear caches": { needs: "Go", start: () => startGoControlPlane("linear") },
  "REST, polled every 5 s": { start: startPolled },
};

const THREADS = 2;

async function startSignalbox(path: string): Promise<Contender> {
  const world = await createWorld({ tls: false, envoys: 0, concurrency: THREADS });
  return {
    pid: world.signalbox.pid,
    api: world.api,
    path,
    async startEnvoy() {
      await world.addEnvoy();
      return world.ingress();
    },
    [Symbol.asyncDispose]: () => world[Symbol.asyncDispose](),
  };
}

function startGoControlPlane(cache: "snapshot" | "linear"): Promise<Contender | undefined> {
  const [httpPort, xdsPort] = [freePort(), freePort()];
  const places = ["-http", `127.0.0.1:${httpPort}`, "-ads", `127.0.0.1:${xdsPort}`];
  return startOther({
    async prepare(folder) {
      const program = join(folder, "go-control-plane");
      return await buildGo(program) ? [program, "-cache", cache, "-domain", DOMAIN, ...places] : undefined;
    },
    httpPort,
    xdsPort,
    delivery: "delta",
  });
}

function startPolled(): Promise<Contender | undefined> {
  const server = fileURLToPath(new URL("rest_server.ts", import.meta.url));
  const port = freePort();
  const command = [Deno.execPath(), "run", "-A", server, String(port), DOMAIN];
  return startOther({ prepare: () => Promise.resolve(command), httpPort: port, xdsPort: port, delivery: "poll" });
}

interface OtherOptions {
  /** The command that starts it; it may put files into the folder. Undefined where the machine lacks what it needs. */
  readonly prepare: (folder: string) => Promise<readonly string[] | undefined>;
  readonly httpPort: number;
  readonly xdsPort: number;
  readonly delivery: Delivery;
}

async function startOther({ prepare, httpPort, xdsPort, delivery }: OtherOptions): Promise<Contender | undefined> {
  await using guard = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "signalbox-compare-" });
  guard.defer(() => Deno.remove(folder, { recursive: true }));
  const command = await prepare(folder);
  if (command === undefined) return undefined;
  const url = `http://127.0.0.1:${httpPort}`;
  const server = guard.use(await startServer(command, url));
  const owned = guard.move();
  return {
    pid: server.pid,
    api: createApiClient(url),
    path: "/xds/tasks",
    async startEnvoy() {
      const bootstrap = JSON.stringify(buildBootstrap(delivery, xdsPort));
      const envoy = owned.use(await startEnvoy({ path: envoyPath, bootstrap, folder, concurrency: THREADS }));
      return `127.0.0.1:${await envoy.listenerPort("ingress")}`;
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** False where there is no Go; throws where it does not build. */
async function buildGo(program: string): Promise<boolean> {
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  try {
    const build = new Deno.Command("go", {
      args: ["build", "-o", program, "."],
      cwd,
      stdout: "null",
      stderr: "inherit",
    });
    const { success } = await build.output();
    if (!success) throw new Error("Cannot build the control plane on go-control-plane; Go has said why");
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}
