import { join } from "node:path";
import { parse, stringify } from "yaml";
import { freePort } from "../../core/dev/free_port.ts";
import { type SignalboxProcess, startSignalbox } from "../../core/dev/signalbox_process.ts";
import { until } from "../../core/dev/until.ts";
import { type ApiClient, createApiClient } from "./api_client.ts";
import { createWorld, type World } from "./harness.ts";
import type { ApiServer } from "./kubernetes_api_server.ts";
import { createNamespace, type TestNamespace } from "./kubernetes_namespace.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";

/** A Signalbox of several. */
export interface Replica {
  readonly api: ApiClient;
  /** The one that runs, or ran last. */
  readonly process: SignalboxProcess;
  /** What its Envoy takes for it: may be turned to another replica, as a Service does. */
  readonly door: TcpProxy;
  /** Again on the same ports. */
  start(): Promise<void>;
}

/** Two replicas over one namespace, each with an Envoy: that of the first is number 0. */
export interface Replicas extends AsyncDisposable {
  readonly namespace: TestNamespace;
  readonly world: World;
  readonly replicas: readonly [Replica, Replica];
  /** A Session as `kubectl` makes it. */
  create(name: string, spec: object, annotations?: Readonly<Record<string, string>>): Promise<void>;
  /** A Session as it is; `undefined` where there is none. */
  read(name: string): Promise<SessionJson | undefined>;
  /** Resolves once the condition says so, with what it says. */
  untilCondition(name: string, type: string, status: "True" | "False"): Promise<string>;
  /** As `kubectl` changes the `spec`, by a merge patch. */
  patch(name: string, spec: object): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface SessionJson {
  readonly metadata: { readonly resourceVersion: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly host?: string;
    readonly backends?: string;
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

/** `pods`: sessions are pods, too. */
export async function createReplicas(
  server: ApiServer,
  { mode = "delta", pods = false }: { readonly mode?: "delta" | "sotw"; readonly pods?: boolean } = {},
): Promise<Replicas> {
  await using guard = new AsyncDisposableStack();
  const namespace = guard.use(await createNamespace(server, { pods: pods && {}, store: true }));
  const world = guard.use(await createWorld({ config: namespace.config, envoys: 0, mode }));
  const config = parse(await Deno.readTextFile(world.configPath));
  const secondPath = join(world.folder, "second.yaml");
  const ports = () => ({ address: "127.0.0.1", port: freePort() });
  await Deno.writeTextFile(secondPath, stringify({ ...config, http: ports(), xds: ports(), grpc: ports() }));
  const second = await startSignalbox({ configPath: secondPath });
  const own = guard.adopt({ process: second }, ({ process }) => process.stop());
  const doors = [world.signalbox, second].map(({ xdsPort }) => guard.use(startTcpProxy(xdsPort)));
  const [firstDoor, secondDoor] = doors;
  if (!firstDoor || !secondDoor) throw new TypeError("A replica has no door");
  for (const { port } of doors) await world.addEnvoy({ xds: `127.0.0.1:${port}` });
  const path = `/apis/signalbox.dev/v1alpha1/namespaces/${namespace.name}/sessions`;
  const disposal = guard.move();

  const replicas: Replicas = {
    namespace,
    world,
    replicas: [
      {
        api: world.api,
        get process() {
          return world.signalbox;
        },
        door: firstDoor,
        start: () => world.startSignalbox(),
      },
      {
        api: createApiClient(second.httpUrl),
        get process() {
          return own.process;
        },
        door: secondDoor,
        async start() {
          await own.process.stop();
          own.process = await startSignalbox({ configPath: secondPath });
        },
      },
    ],
    async create(name, spec, annotations = {}) {
      const body = { apiVersion: "signalbox.dev/v1alpha1", kind: "Session", metadata: { name, annotations }, spec };
      await namespace.client.request(path, { method: "POST", body });
    },
    async read(name) {
      const { items } = await namespace.client.request(path, { query: { fieldSelector: `metadata.name=${name}` } }) as {
        readonly items: readonly SessionJson[];
      };
      return items[0];
    },
    async untilCondition(name, type, status) {
      let last: SessionJson | undefined;
      const { message } = await until(async () => {
        last = await replicas.read(name);
        return last?.status?.conditions?.find((found) => found.type === type && found.status === status);
      }, { timeoutMs: 20_000, what: `${name} to be ${type}: ${status}`, otherwise: () => last?.status });
      return message;
    },
    async patch(name, spec) {
      const options = { method: "PATCH", contentType: "application/merge-patch+json", body: { spec } } as const;
      await namespace.client.request(`${path}/${name}`, options);
    },
    async remove(name) {
      await namespace.client.request(`${path}/${name}`, { method: "DELETE" });
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
  return replicas;
}
