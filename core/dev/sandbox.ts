import { formatHostPort } from "../command/host_port.ts";
import { createTasksClient } from "../command/tasks_client.ts";
import type { Config } from "../config/config.ts";
import { routeGrpcLog } from "../observe/grpc_log.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { MovedPort } from "./dev_config.ts";
import { type DevFolder, prepareDevFolder } from "./dev_folder.ts";
import { createEchoBackend, type EchoBackend } from "./echo_backend.ts";
import type { EchoTarget } from "./echo_client.ts";
import type { EnvoyBinary } from "./envoy_binary.ts";
import { type EnvoyProcess, startEnvoy } from "./envoy_process.ts";
import type { LogRecord } from "./log_record.ts";
import { type SignalboxProcess, startSignalbox } from "./signalbox_process.ts";
import { runSignalbox, signalboxProgram } from "./signalbox_program.ts";
import { type TryOut, tryOut } from "./try_out.ts";

export interface SandboxOptions {
  readonly folder: DevFolder;
  readonly envoy: EnvoyBinary;
  readonly onRecord: (record: LogRecord) => void;
  /** Signalbox or Envoy ended, and nobody asked it to. */
  readonly onLost: (what: "Signalbox" | "Envoy", code: number) => void;
}

/** All that a laptop runs: Signalbox, two backends, their sessions, and Envoy where there is one. */
export interface Sandbox extends AsyncDisposable {
  readonly config: Config;
  readonly moved: readonly MovedPort[];
  readonly backends: readonly EchoBackend[];
  readonly signalbox: SignalboxProcess;
  readonly envoy: EnvoyProcess | undefined;
  /** Registers the sessions, and calls one of them where there is an Envoy. */
  tryOut(): Promise<TryOut>;
  /** Signalbox again, with the config as it is now; Envoy goes on, unless it was lost or what it was started with has changed. */
  restart(): Promise<void>;
}

const NAMES = ["blue", "green"] as const;
const BACKEND_PORT = 50051;

/** Starts everything; `tryOut()` is yet to register the sessions. Whatever was started is ended again where something fails. */
export async function createSandbox(options: SandboxOptions): Promise<Sandbox> {
  const { folder } = options;
  // A backend whose place is taken takes another: grpc-js need not say so.
  routeGrpcLog();
  await using stack = new AsyncDisposableStack();
  const state = { running: await prepareDevFolder(folder, new Date()), stopping: false, bootstrap: "" };
  const backends: EchoBackend[] = [];
  for (const [index, name] of NAMES.entries()) {
    const backend = await createBackend(name, `127.0.0.${11 + index}`);
    stack.defer(() => backend.kill());
    backends.push(backend);
  }

  let envoy: EnvoyProcess | undefined;
  let signalbox = await start();
  // Envoy first: it goes on without Signalbox, and closes its stream in order.
  stack.defer(async () => {
    state.stopping = true;
    await envoy?.stop();
    await signalbox.stop();
  });
  await startEnvoyIfChanged();
  const disposal = stack.move();

  async function start(): Promise<SignalboxProcess> {
    const { onRecord } = options;
    const started = await startSignalbox({ configPath: folder.runningPath, program: signalboxProgram(), onRecord });
    started.exited.then(({ code }) => {
      if (!state.stopping && signalbox === started) options.onLost("Signalbox", code);
    });
    return started;
  }

  async function startEnvoyIfChanged(): Promise<void> {
    if (options.envoy.kind === "missing") return;
    const bootstrap = await runSignalbox(["bootstrap", "--config", folder.runningPath, "--node-id", "laptop"]);
    if (envoy !== undefined && bootstrap === state.bootstrap) return;
    const before = envoy;
    envoy = undefined;
    await before?.stop();
    const started = await startEnvoy({ path: options.envoy.path, bootstrap, folder: folder.path });
    envoy = started;
    state.bootstrap = bootstrap;
    started.exited.then(({ code }) => {
      if (state.stopping || envoy !== started) return;
      envoy = undefined;
      options.onLost("Envoy", code);
    });
  }

  return {
    get config() {
      return state.running.config;
    },
    get moved() {
      return state.running.moved;
    },
    backends,
    get signalbox() {
      return signalbox;
    },
    get envoy() {
      return envoy;
    },
    tryOut() {
      return tryOut({
        tasks: createTasksClient(signalbox.httpUrl, { fetch }),
        sessions: backends.map(({ name, address, port }) => ({ id: name, address, port })),
        ...(envoy && { targetOf: (host: string) => echoTarget(state.running.config, folder, host) }),
      });
    },
    async restart() {
      // A config that is not acceptable is found before the Signalbox that works is stopped.
      const running = await prepareDevFolder(folder, new Date(), state.running);
      state.stopping = true;
      await signalbox.stop();
      state.stopping = false;
      signalbox = await start();
      state.running = running;
      await startEnvoyIfChanged();
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
}

/** How a client reaches `host` through the laptop's Envoy. */
export async function echoTarget(
  config: Config,
  folder: DevFolder,
  host: string,
): Promise<EchoTarget> {
  const [listener] = config.listeners;
  if (listener === undefined) {
    throw new SignalboxError("invalid_config", `Cannot call "${host}": the config has no listener`);
  }
  const { port, tls } = listener;
  const address = formatHostPort({ host: listener.address === "0.0.0.0" ? "127.0.0.1" : listener.address, port });
  const authority = `${host}:${port}`;
  return tls === undefined
    ? { address, authority }
    : { address, authority, ca: await Deno.readTextFile(folder.caPath) };
}

/** Each backend has an address of its own, as a pod has; where the machine has but 127.0.0.1 (macOS), its own port. */
async function createBackend(name: string, address: string): Promise<EchoBackend> {
  const places = [{ address, port: BACKEND_PORT }, { address, port: 0 }, { address: "127.0.0.1", port: 0 }];
  let failure: unknown;
  for (const place of places) {
    try {
      return await createEchoBackend({ name, ...place });
    } catch (thrown) {
      failure = thrown;
    }
  }
  throw failure;
}
