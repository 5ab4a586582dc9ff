import { join } from "node:path";
import { stringify } from "yaml";
import { CLUSTER, SCOPED_ROUTE } from "../../core/cache/resource_type.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { type ApiClient, createApiClient } from "../e2e/api_client.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { preload } from "./preload.ts";
import { processCpuMs, processMemoryMiB } from "./process_cpu.ts";
import { type Percentiles, percentiles, round } from "./samples.ts";

export interface PushOptions {
  readonly sessions: number;
  readonly streams: number;
  /** How many more streams there are that never read; nobody waits for them. Default 0. */
  readonly stopped?: number;
  /** How many changes of each kind are measured. */
  readonly changes: number;
  /** How many changes come in bulk after what is measured. Default 0. */
  readonly bulk?: number;
}

/** Times are from the POST until every stream has received it, seen in one process that does both. */
export interface PushResult {
  readonly sessions: number;
  readonly streams: number;
  readonly stopped: number;
  readonly changes: number;
  /** A session moves to another port: its cluster. */
  readonly moveMs: Percentiles;
  /** A session comes: its cluster, an ACK, its scope. */
  readonly newMs: Percentiles;
  /** The server's CPU time a change, over all changes; undefined where the system doesn't tell. */
  readonly cpuPerMoveMs: number | undefined;
  readonly cpuPerNewMs: number | undefined;
  /** After what is measured, and after the changes in bulk. */
  readonly serverMiB: number | undefined;
  readonly serverMiBAfterBulk: number | undefined;
  /** Streams that are open at the end. */
  readonly open: number | undefined;
}

/** Signalbox in its own process; all streams, and the caller, in this one. */
export async function measurePush(options: PushOptions): Promise<PushResult> {
  const { sessions, streams, stopped = 0, changes, bulk = 0 } = options;
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
  for (let count = 0; count < stopped; count++) fleet.addStopped();

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
  const serverMiB = await processMemoryMiB(signalbox.pid);
  // Each turn moves every session: what comes of one that is not read in between is of no more use.
  for (let turn = 0; turn * sessions < bulk; turn++) {
    await preload(api, sessions, { address: "127.0.0.11", port: 30_000 + turn });
  }
  return {
    sessions,
    streams,
    stopped,
    changes,
    moveMs: percentiles(moves.samplesMs),
    newMs: percentiles(news.samplesMs),
    cpuPerMoveMs: moves.cpuMs,
    cpuPerNewMs: news.cpuMs,
    serverMiB,
    serverMiBAfterBulk: await processMemoryMiB(signalbox.pid),
    open: await api.metric('signalbox_streams{protocol="delta"}'),
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
