import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stringify } from "yaml";
import { createDevCertificate, type DevCertificate } from "../../core/dev/certificate.ts";
import { createEchoBackend, type EchoBackend } from "../../core/dev/echo_backend.ts";
import { createEchoClient, type EchoClient, type EchoResult } from "../../core/dev/echo_client.ts";
import type { SayReply } from "../../core/dev/echo_service.ts";
import { type EnvoyProcess, startEnvoy } from "../../core/dev/envoy_process.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { type SignalboxProcess, startSignalbox } from "../../core/dev/signalbox_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { type ApiClient, createApiClient } from "./api_client.ts";
import { envoyPath } from "./envoy_test_case.ts";
import { type Load, startLoad } from "./load.ts";

export const DOMAIN = "example.org";

export interface WorldOptions {
  /** Default `scoped`. */
  readonly routes?: "scoped" | "rds" | "vhds";
  /** Default `push`. */
  readonly clusters?: "push" | "on-demand";
  /** Default `delta`. */
  readonly mode?: "delta" | "sotw" | "rest";
  /** Default `sqlite`. */
  readonly store?: "sqlite" | "memory";
  /** Envoys to begin with. Default 1. */
  readonly envoys?: number;
  /** Without TLS the listener is h2c. Default true. */
  readonly tls?: boolean;
  /** Merged over the config, top level by top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Files in `plugins/` that Signalbox runs with, in this order, without their ends. */
  readonly pluginFiles?: readonly string[];
  /** Each Envoy's worker threads. Default 1. */
  readonly concurrency?: number;
}

/** Signalbox as a process, Envoys and backends, in a folder of their own; all of it ends with the world. */
export interface World extends AsyncDisposable {
  readonly folder: string;
  readonly configPath: string;
  readonly certificate: DevCertificate;
  readonly api: ApiClient;
  /** The one that runs, or ran last. */
  readonly signalbox: SignalboxProcess;
  readonly envoys: readonly EnvoyProcess[];
  /** Where the ingress listener of an Envoy is. */
  ingress(envoy?: number): string;
  /** Signalbox again on the same store and ports, after `signalbox.kill()` or `stop()`. */
  startSignalbox(): Promise<void>;
  /** Waits for its ingress listener unless told not to. */
  addEnvoy(options?: AddEnvoy): Promise<EnvoyProcess>;
  /** A pod, on a loopback address that no other has. */
  addBackend(name: string): Promise<EchoBackend>;
  /** A client of its own connection; `authority` is a host, with or without a port. */
  client(authority: string, options?: { readonly envoy?: number; readonly timeoutMs?: number }): EchoClient;
  /** One call on a connection of its own. */
  call(authority: string, envoy?: number): Promise<EchoResult<SayReply>>;
  /** Calls on a connection of its own until `backend` answers. Throws with the last answer when it doesn't. */
  untilAnswered(authority: string, backend: string, options?: UntilAnswered): Promise<void>;
  /** Calls on a connection of its own until the call fails as one to an unknown host does. */
  untilUnknown(authority: string): Promise<void>;
  load(authority: string, options?: { readonly clients?: number }): Load;
}

interface AddEnvoy {
  readonly untilListening?: boolean;
  /** `HOST:PORT` where it finds Signalbox, if not where the world's own is. */
  readonly xds?: string;
}

interface UntilAnswered {
  readonly envoy?: number;
  readonly timeoutMs?: number;
}

/** What a call gets for a host that nobody has: Envoy's 404, as gRPC says it. */
export const UNKNOWN_HOST = "UNIMPLEMENTED";

export async function createWorld(options: WorldOptions = {}): Promise<World> {
  const { routes = "scoped", mode = "delta", store = "sqlite", tls = true, concurrency = 1 } = options;
  const { clusters = "push" } = options;
  await using guard = new AsyncDisposableStack();
  // Goes on taking what the test adds after the guard has been disarmed.
  const stack = guard.use(new AsyncDisposableStack());
  const folder = await Deno.makeTempDir({ prefix: "signalbox-e2e-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const certificate = await createDevCertificate(DOMAIN, { now: new Date() });
  await Deno.writeTextFile(join(folder, "tls.crt"), certificate.cert);
  await Deno.writeTextFile(join(folder, "tls.key"), certificate.key);
  // Ports are chosen here, not by Signalbox: it comes back on the same after a restart.
  const files = tls ? { tls: { cert: "tls.crt", key: "tls.key" } } : {};
  const configPath = join(folder, "signalbox.yaml");
  const config = {
    domain: DOMAIN,
    http: { address: "127.0.0.1", port: freePort() },
    xds: { address: "127.0.0.1", port: freePort() },
    grpc: { address: "127.0.0.1", port: freePort() },
    store: store === "sqlite" ? { kind: "sqlite", path: "sessions.db" } : { kind: "memory" },
    delivery: { routes, clusters },
    // Each Envoy takes a free one, though they all get the same listener.
    listeners: [{ name: "ingress", address: "127.0.0.1", port: 0, ...files }],
    log: { level: "info", format: "json" },
    plugins: (options.pluginFiles ?? []).map((name) => ({
      name: name.replaceAll("_", "-"),
      from: fileURLToPath(new URL(`plugins/${name}.ts`, import.meta.url)),
    })),
    ...options.config,
  };
  await Deno.writeTextFile(configPath, stringify(config));

  let signalbox = await startSignalbox({ configPath });
  stack.defer(() => signalbox.stop());
  const bootstrapOf = (...args: readonly string[]) =>
    runSignalbox(["bootstrap", "--config", configPath, "--mode", mode, ...args]);
  const ownBootstrap = await bootstrapOf();
  const envoys: { readonly process: EnvoyProcess; readonly ingress: string }[] = [];
  let lastAddress = 10;

  async function addEnvoy({ untilListening = true, xds }: AddEnvoy = {}): Promise<EnvoyProcess> {
    const bootstrap = xds === undefined ? ownBootstrap : await bootstrapOf("--xds", xds);
    const name = `envoy-${envoys.length + 1}`;
    const node = { id: name, cluster: "e2e" };
    const process = await startEnvoy({ path: envoyPath, bootstrap, overrides: { node }, folder, name, concurrency });
    stack.defer(() => process.stop());
    const hasIngress = untilListening && config.listeners.some((listener) => listener.name === "ingress");
    const ingress = hasIngress ? `127.0.0.1:${await process.listenerPort("ingress")}` : "";
    envoys.push({ process, ingress });
    return process;
  }

  function ingress(envoy = 0): string {
    const found = envoys[envoy];
    if (found === undefined) throw new RangeError(`There are ${envoys.length} Envoys, none with index ${envoy}`);
    return found.ingress;
  }

  const world: World = {
    folder,
    configPath,
    certificate,
    api: createApiClient(signalbox.httpUrl),
    get signalbox() {
      return signalbox;
    },
    get envoys() {
      return envoys.map(({ process }) => process);
    },
    ingress,
    async startSignalbox() {
      await signalbox.stop();
      signalbox = await startSignalbox({ configPath });
    },
    addEnvoy,
    async addBackend(name) {
      const backend = await createEchoBackend({ name, address: `127.0.0.${++lastAddress}` });
      stack.defer(() => backend.kill());
      return backend;
    },
    client(authority, { envoy, timeoutMs = 5000 } = {}) {
      const ca = tls ? { ca: certificate.ca } : {};
      const client = createEchoClient({ address: ingress(envoy), authority, timeoutMs, ...ca });
      stack.defer(() => client.close());
      return client;
    },
    async call(authority, envoy = 0) {
      using client = world.client(authority, { envoy });
      return await client.say({ text: "hello" });
    },
    async untilAnswered(authority, backend, { envoy = 0, timeoutMs = 10_000 } = {}) {
      using client = world.client(authority, { envoy });
      let last: unknown;
      await until(async () => {
        const result = await client.say({ text: "hello" });
        last = result;
        return result.ok && result.reply.backend === backend;
      }, { timeoutMs, intervalMs: 5, what: `"${backend}" at "${authority}"`, otherwise: () => last });
    },
    async untilUnknown(authority) {
      using client = world.client(authority);
      let last: unknown;
      await until(async () => {
        const result = await client.say({ text: "hello" });
        last = result;
        return !result.ok && result.codeName === UNKNOWN_HOST;
      }, { intervalMs: 5, what: `"${authority}" to be unknown`, otherwise: () => last });
    },
    load(authority, { clients = 2 } = {}) {
      return startLoad(Array.from({ length: clients }, () => world.client(authority)));
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };

  for (let count = 0; count < (options.envoys ?? 1); count++) await addEnvoy();
  const disposal = guard.move();
  return world;
}
