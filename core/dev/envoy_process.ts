import { join } from "node:path";
import { sendSignal } from "./send_signal.ts";
import { until } from "./until.ts";

export interface EnvoyOptions {
  /** The Envoy to run. */
  readonly path: string;
  /** Bootstrap as YAML or JSON. Its admin address is replaced by a free port on loopback. */
  readonly bootstrap: string;
  /** Merged over the bootstrap, as in `{ node: { id: "envoy-2" } }`. */
  readonly overrides?: Readonly<Record<string, unknown>>;
  /** Where the log and the files of the run go; must exist. */
  readonly folder: string;
  /** Begins the names of its files; one Envoy a name in a folder. Default `envoy`. */
  readonly name?: string;
  /** Worker threads. Default 1. */
  readonly concurrency?: number;
  /** Default `warning`. */
  readonly logLevel?: string;
  /** How long it may take to be live. Default 20,000. */
  readonly timeoutMs?: number;
  /** Which of `/ready` to wait for: the process answers (default), or its listeners and first configuration are there too. */
  readonly waitFor?: "live" | "ready";
}

/** A running Envoy. It ends with this process, whichever way that ends short of SIGKILL. */
export interface EnvoyProcess extends AsyncDisposable {
  readonly pid: number;
  /** `http://127.0.0.1:PORT` */
  readonly adminUrl: string;
  readonly logPath: string;
  /** When it ends, whoever ended it. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** The text of an admin path such as `/stats?filter=cds`; throws where the status is not 200. */
  admin(path: string, options?: { readonly method?: "GET" | "POST" }): Promise<string>;
  /** The value of a counter or gauge; undefined where it doesn't exist. */
  stat(name: string): Promise<number | undefined>;
  configDump(): Promise<{ readonly configs: readonly Readonly<Record<string, unknown>>[] }>;
  /** Waits until a listener is active and gives its port. */
  listenerPort(name: string): Promise<number>;
  /** The log so far. */
  log(): Promise<string>;
  /** Holds it still (SIGSTOP), as a machine that hangs: connections stay, nothing is read. */
  freeze(): void;
  thaw(): void;
  /** SIGTERM, and SIGKILL when that takes too long. May be called again. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL: as a crash. */
  kill(): Promise<void>;
}

/** Starts Envoy and waits until it answers. Throws, with the end of its log, when it doesn't. */
export async function startEnvoy(options: EnvoyOptions): Promise<EnvoyProcess> {
  const { folder, name = "envoy", concurrency = 1, logLevel = "warning", timeoutMs = 20_000 } = options;
  const files = {
    bootstrap: join(folder, `${name}.yaml`),
    admin: join(folder, `${name}.admin`),
    log: join(folder, `${name}.log`),
  };
  await Deno.writeTextFile(files.bootstrap, options.bootstrap);
  await Deno.writeTextFile(files.admin, "");
  const overrides = { ...options.overrides, admin: { address: LOOPBACK_ANY_PORT } };
  const child = new Deno.Command(options.path, {
    args: [
      ...["--config-path", files.bootstrap, "--config-yaml", JSON.stringify(overrides)],
      ...["--admin-address-path", files.admin, "--log-path", files.log, "--log-level", logLevel],
      // Several Envoys on one machine share memory by base id.
      ...["--use-dynamic-base-id", "--concurrency", String(concurrency), "--drain-time-s", "1"],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();

  let ended = false;
  const endWithThisProcess = () => sendSignal(child, "SIGKILL");
  globalThis.addEventListener("unload", endWithThisProcess);
  const exited = child.status.then((status) => {
    ended = true;
    globalThis.removeEventListener("unload", endWithThisProcess);
    return status;
  });
  const log = () => Deno.readTextFile(files.log).catch(() => "");

  async function stop({ graceMs = 3000 } = {}): Promise<void> {
    sendSignal(child, "SIGCONT");
    sendSignal(child, "SIGTERM");
    const timer = setTimeout(() => sendSignal(child, "SIGKILL"), graceMs);
    await exited;
    clearTimeout(timer);
  }

  async function kill(): Promise<void> {
    sendSignal(child, "SIGKILL");
    await exited;
  }

  let adminUrl: string;
  try {
    adminUrl = await until(async () => {
      if (ended) return "ended";
      const address = await Deno.readTextFile(files.admin);
      if (address === "") return undefined;
      const { status, text } = await fetchText(`http://${address}/ready`);
      if (options.waitFor === "ready" ? status !== 200 : text === "") return undefined;
      return `http://${address}`;
    }, { timeoutMs, what: `Envoy "${name}"` });
    if (ended) throw new Error(`Envoy "${name}" ended with code ${(await exited).code}`);
  } catch (thrown) {
    await kill();
    throw new Error(`Cannot start Envoy "${options.path}":\n${lastLines(await log(), 20)}`, { cause: thrown });
  }

  async function admin(path: string, { method = "GET" }: { readonly method?: "GET" | "POST" } = {}): Promise<string> {
    const { status, text } = await fetchText(adminUrl + path, method);
    if (status !== 200) throw new Error(`Cannot ask Envoy for "${path}": ${status} ${text.trim()}`);
    return text;
  }

  async function stat(name: string): Promise<number | undefined> {
    const text = await admin(`/stats?filter=${encodeURIComponent(`^${RegExp.escape(name)}$`)}`);
    const value = /: (\d+)\s*$/.exec(text)?.[1];
    return value === undefined ? undefined : Number(value);
  }

  return {
    pid: child.pid,
    adminUrl,
    logPath: files.log,
    exited,
    admin,
    log,
    stat,
    configDump: async () => JSON.parse(await admin("/config_dump")),
    listenerPort: (listener) =>
      until(async () => {
        const port = portOf(JSON.parse(await admin("/listeners?format=json")), listener);
        // It is listed before anybody listens.
        const waiting = await stat("listener_manager.total_listeners_warming") !== 0 ||
          await stat("listener_manager.workers_started") !== 1;
        return waiting ? undefined : port;
      }, { timeoutMs, what: `Envoy's listener "${listener}"` }),
    freeze: () => sendSignal(child, "SIGSTOP"),
    thaw: () => sendSignal(child, "SIGCONT"),
    stop,
    kill,
    [Symbol.asyncDispose]: stop,
  };
}

const LOOPBACK_ANY_PORT = { socket_address: { address: "127.0.0.1", port_value: 0 } };

interface ListenerStatus {
  readonly name: string;
  readonly local_address: { readonly socket_address?: { readonly port_value: number } };
}

function portOf(listeners: { readonly listener_statuses?: readonly ListenerStatus[] }, name: string) {
  const found = listeners.listener_statuses?.find((listener) => listener.name === name);
  return found?.local_address.socket_address?.port_value;
}

async function fetchText(
  url: string,
  method: "GET" | "POST" = "GET",
): Promise<{ readonly status: number; readonly text: string }> {
  // A frozen Envoy answers nothing: without the limit the caller would hang with it.
  const response = await fetch(url, { method, signal: AbortSignal.timeout(5000) });
  return { status: response.status, text: await response.text() };
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}
