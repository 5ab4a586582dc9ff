import { type LogRecord, parseLogLine } from "./log_record.ts";
import { sendSignal } from "./send_signal.ts";
import { signalboxProgram } from "./signalbox_program.ts";

export interface SignalboxOptions {
  /** Its config file; must say `log: { format: json }`, for the ports are read from the log. */
  readonly configPath: string;
  /** Default: `signalboxProgram()`. */
  readonly program?: readonly string[];
  /** Told every line of its log. */
  readonly onRecord?: (record: LogRecord) => void;
  /** How long it may take to listen. Default 30,000: a first start compiles. */
  readonly timeoutMs?: number;
}

/** A running `signalbox serve`. It ends with this process, whichever way that ends short of SIGKILL. */
export interface SignalboxProcess extends AsyncDisposable {
  readonly pid: number;
  /** `http://ADDRESS:PORT` of the tasks API, or `https://…`. */
  readonly httpUrl: string;
  readonly xdsPort: number;
  /** Absent where the gRPC API is switched off. */
  readonly grpcPort?: number;
  /** From the start of the process to the last port that listens. */
  readonly startedInMs: number;
  /** The log so far. */
  readonly records: readonly LogRecord[];
  /** When it ends, whoever ended it. */
  readonly exited: Promise<Deno.CommandStatus>;
  /** SIGTERM, and SIGKILL when that takes too long. May be called again. */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
  /** SIGKILL: as a crash. */
  kill(): Promise<void>;
}

/** Starts Signalbox and waits until it listens. Throws, with what it said, when it ends before. */
export async function startSignalbox(options: SignalboxOptions): Promise<SignalboxProcess> {
  const startedAtMs = performance.now();
  const [file = "", ...args] = [...options.program ?? signalboxProgram(), "serve", "--config", options.configPath];
  const child = new Deno.Command(file, { args, stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const records: LogRecord[] = [];
  const http = Promise.withResolvers<LogRecord>();
  const xds = Promise.withResolvers<LogRecord>();

  const logEnded = (async () => {
    for await (const line of lines(child.stderr)) {
      const record = parseLogLine(line);
      records.push(record);
      if (record.message === "HTTP API listening") http.resolve(record);
      if (record.message === "xDS listening") xds.resolve(record);
      options.onRecord?.(record);
    }
  })();
  const endWithThisProcess = () => sendSignal(child, "SIGKILL");
  globalThis.addEventListener("unload", endWithThisProcess);
  const exited = child.status.then(async (status) => {
    globalThis.removeEventListener("unload", endWithThisProcess);
    await logEnded;
    return status;
  });

  async function kill(): Promise<void> {
    sendSignal(child, "SIGKILL");
    await exited;
  }

  async function stop({ graceMs = 10_000 } = {}): Promise<void> {
    sendSignal(child, "SIGTERM");
    const timer = setTimeout(() => sendSignal(child, "SIGKILL"), graceMs);
    await exited;
    clearTimeout(timer);
  }

  const timeoutMs = options.timeoutMs ?? 30_000;
  const late = Promise.withResolvers<string>();
  const timer = setTimeout(() => late.resolve(`it does not listen after ${timeoutMs} ms`), timeoutMs);
  const ended = exited.then(({ code }) => `it ended with code ${code}`);
  const outcome = await Promise.race([Promise.all([http.promise, xds.promise]), ended, late.promise]);
  clearTimeout(timer);
  if (typeof outcome === "string") {
    await kill();
    throw new Error(`Cannot start Signalbox: ${outcome}\n${records.slice(-20).map(describe).join("\n")}`);
  }
  const [{ fields: api }, { fields: ads }] = outcome;
  const grpc = records.find(({ message }) => message === "gRPC API listening")?.fields;
  return {
    pid: child.pid,
    httpUrl: `${api.tls === true ? "https" : "http"}://${bracketed(String(api.address))}:${Number(api.port)}`,
    xdsPort: Number(ads.port),
    ...(grpc && { grpcPort: Number(grpc.port) }),
    startedInMs: Math.round(performance.now() - startedAtMs),
    records,
    exited,
    stop,
    kill,
    [Symbol.asyncDispose]: stop,
  };
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts.filter((line) => line !== "");
  }
  if (rest !== "") yield rest;
}

function bracketed(address: string): string {
  return address.includes(":") ? `[${address}]` : address;
}

function describe({ level, message, fields }: LogRecord): string {
  return `${level} ${message} ${Object.keys(fields).length === 0 ? "" : JSON.stringify(fields)}`.trim();
}
