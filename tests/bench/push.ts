import { join } from "node:path";
import { stringify } from "yaml";
import { CLUSTER, SCOPED_ROUTE } from "../../core/cache/resource_type.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { type ApiClient, createApiClient } from "../e2e/api_client.ts";
import { type AdsResponse, type AdsStream, openAdsStream } from "./ads_client.ts";
import { preload } from "./preload.ts";
import { processCpuMs, processMemoryMiB } from "./process_cpu.ts";
import { type Percentiles, percentiles, round } from "./samples.ts";

export interface PushOptions {
  readonly sessions: number;
  readonly streams: number;
  /** How many changes of each kind are measured. */
  readonly changes: number;
}

/** Times are from the POST until every stream has received it, seen in one process that does both. */
export interface PushResult {
  readonly sessions: number;
  readonly streams: number;
  readonly changes: number;
  /** A session moves to another port: its cluster. */
  readonly moveMs: Percentiles;
  /** A session comes: its cluster, an ACK, its scope. */
  readonly newMs: Percentiles;
  /** The server's CPU time a change, over all changes; undefined where the system doesn't tell. */
  readonly cpuPerMoveMs: number | undefined;
  readonly cpuPerNewMs: number | undefined;
  readonly serverMiB: number | undefined;
}

/** Signalbox in its own process; all streams, and the caller, in this one. */
export async function measurePush({ sessions, streams, changes }: PushOptions): Promise<PushResult> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "signalbox-bench-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const configPath = join(folder, "signalbox.yaml");
  const config = {
    domain: "example.org",
    http: { port: freePort() },
    xds: { port: freePort() },
    grpc: { enabled: false },
    store: { kind: "sqlite", path: "sessions.db" },
    log: { format: "json" },
  };
  await Deno.writeTextFile(configPath, stringify(config));
  const signalbox = stack.use(await startSignalbox({ configPath }));
  const api = createApiClient(signalbox.httpUrl);
  await preload(api, sessions, { address: "127.0.0.11", port: 50051 });

  const fleet = createFleet(`127.0.0.1:${signalbox.xdsPort}`);
  stack.defer(() => fleet.close());
  for (let count = 0; count < streams; count++) await fleet.add(sessions);

  const target = Math.floor(sessions / 2);
  const move = (index: number) =>
    change(api, fleet, CLUSTER, { id: `load-${target}`, address: "127.0.0.12", port: 20000 + index });
  const register = (index: number) =>
    change(api, fleet, SCOPED_ROUTE, { id: `new-${index}`, address: "127.0.0.12", port: 50051 });
  // The first changes find code that nothing has compiled yet.
  const warmUp = Math.min(50, changes);
  for (let index = 0; index < warmUp; index++) {
    await move(index + changes);
    await register(index + changes);
  }
  const moves = await measure(signalbox.pid, changes, move);
  const news = await measure(signalbox.pid, changes, register);
  return {
    sessions,
    streams,
    changes,
    moveMs: percentiles(moves.samplesMs),
    newMs: percentiles(news.samplesMs),
    cpuPerMoveMs: moves.cpuMs,
    cpuPerNewMs: news.cpuMs,
    serverMiB: await processMemoryMiB(signalbox.pid),
  };
}

async function measure(pid: number, changes: number, make: (index: number) => Promise<number>) {
  const before = await processCpuMs(pid);
  const samplesMs: number[] = [];
  for (let index = 0; index < changes; index++) samplesMs.push(await make(index));
  const after = await processCpuMs(pid);
  const cpuMs = before === undefined || after === undefined ? undefined : round((after - before) / changes);
  return { samplesMs, cpuMs };
}

/** One change, and the time until every stream has a response of `typeUrl` for it. */
async function change(
  api: ApiClient,
  fleet: Fleet,
  typeUrl: string,
  task: { readonly id: string; readonly address: string; readonly port: number },
): Promise<number> {
  const received = fleet.everyStreamReceives(typeUrl);
  const startedAtMs = performance.now();
  const [{ status, body }, receivedAtMs] = await Promise.all([api.request("POST", "/xds/tasks", task), received]);
  if (status > 299) throw new Error(`Cannot register "${task.id}": ${status} ${JSON.stringify(body)}`);
  return receivedAtMs - startedAtMs;
}

interface Fleet {
  /** One more stream; resolves when it has what there is. */
  add(sessions: number): Promise<void>;
  /** When the last of the streams has got a response of this type. */
  everyStreamReceives(typeUrl: string): Promise<number>;
  close(): void;
}

function createFleet(address: string): Fleet {
  const opened: AdsStream[] = [];
  let onResponse: (stream: number, response: AdsResponse) => void = () => {};
  // The versions that the first stream got: with them the others are sent nothing, as Envoys after a restart.
  const versions: Record<string, Record<string, string>> = { [CLUSTER]: {}, [SCOPED_ROUTE]: {} };
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});

  function open(): void {
    const index = opened.length;
    opened.push(openAdsStream({
      address,
      nodeId: `bench-${index}`,
      types: [CLUSTER, SCOPED_ROUTE].map((typeUrl) => ({ typeUrl, have: versions[typeUrl] ?? {} })),
      onResponse: (response) => onResponse(index, response),
      onEnd: (reason) => failed.reject(new Error(`Stream ${index} ended: ${reason}`)),
    }));
  }

  return {
    async add(sessions) {
      const done = Promise.withResolvers<void>();
      if (opened.length === 0) {
        onResponse = (_, { typeUrl, resources }) => {
          for (const { name, version } of resources) (versions[typeUrl] ??= {})[name] = version;
          const complete = Object.values(versions).every((known) => Object.keys(known).length >= sessions);
          if (complete) done.resolve();
        };
        open();
      } else {
        open();
        // Nothing comes that could be waited for: the warm-up's changes prove that the stream is there.
        done.resolve();
      }
      await Promise.race([done.promise, failed.promise]);
      onResponse = () => {};
    },
    everyStreamReceives(typeUrl) {
      const missing = new Set(opened.keys());
      const received = Promise.withResolvers<number>();
      onResponse = (stream, response) => {
        if (response.typeUrl !== typeUrl || response.resources.length === 0) return;
        missing.delete(stream);
        if (missing.size === 0) received.resolve(performance.now());
      };
      const timer = setTimeout(
        () => failed.reject(new Error(`${missing.size} streams received nothing within 60 s`)),
        60_000,
      );
      return Promise.race([received.promise, failed.promise]).finally(() => clearTimeout(timer));
    },
    close() {
      for (const stream of opened) stream.close();
    },
  };
}
