import { dirname, join, resolve, sep } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import type { CommandIo } from "../command/command_io.ts";
import type { Config } from "../config/config.ts";
import { formatHostPort } from "../command/host_port.ts";
import { type DevFolder, devFolder } from "./dev_folder.ts";
import { type EnvoyBinary, findEnvoy } from "./envoy_binary.ts";
import { formatRecord, type LogRecord } from "./log_record.ts";
import { lockFolder } from "./folder_lock.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";
import { type Watched, watchFiles } from "./watch_files.ts";

export interface DevOptions {
  /** Where the sandbox's files go; made where it is missing. */
  readonly folder: string;
  /** Whether Signalbox restarts on changes. */
  readonly watch: boolean;
  readonly io: CommandIo;
}

/**
 * The laptop's sandbox until a signal ends it. What can happen meanwhile: a file changes (Signalbox restarts), a restart
 * fails or something ends by itself (said; the next change tries again), a signal (everything ends).
 */
export async function runDev({ folder: path, watch, io }: DevOptions): Promise<void> {
  const startedAtMs = performance.now();
  const say = (line = "") => io.out(`${line}\n`);
  const folder = devFolder(path);
  using _lock = await lockFolder(folder.path);
  // Before the start, so that a signal during it stops as orderly as one after it.
  const stopped = io.untilStopped({ hangUp: true }).then(() => true);
  /** Ctrl-C reaches every process of the terminal, and this one may hear of it last. */
  const isStopping = () => Promise.race([stopped, delay(200).then(() => false)]);

  async function run(sandbox: Sandbox, envoy: EnvoyBinary): Promise<void> {
    await sayWhatRuns(sandbox, folder, envoy, say);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    const watching = watch ? ` Restarts when its source, a plugin or ${folder.configPath} changes.` : "";
    const ready = () => say(`Ready in ${seconds} s.${watching} Ctrl-C ends it all.`);
    if (watch) return await restartOnChanges(sandbox, folder, { say, ready });
    ready();
    await new Promise(() => {});
  }

  try {
    const envoy = await findEnvoy({ onDownload: () => say("Fetching Envoy (37 MB, once) ...") });
    await using sandbox = await createSandbox({
      folder,
      envoy,
      onRecord: (record) => sayRecord(record, say),
      async onLost(what, code) {
        if (await isStopping()) return;
        say(
          `${what} ended by itself (code ${code}). ${watch ? "It starts again on a change." : "Ctrl-C ends the rest."}`,
        );
      },
    });
    await Promise.race([stopped, run(sandbox, envoy)]);
  } catch (thrown) {
    // What the signal has ended too makes a start fail, which is no news then.
    if (!await isStopping()) throw thrown;
  }
}

async function restartOnChanges(
  sandbox: Sandbox,
  folder: DevFolder,
  { say, ready }: { readonly say: (line: string) => void; readonly ready: () => void },
): Promise<never> {
  for (let isFirst = true;; isFirst = false) {
    const plugins = pluginFolders(sandbox.config);
    using watch = watchFiles([...watched(folder), ...plugins]);
    if (isFirst) ready();
    for await (const paths of watch.changes) {
      await restart(sandbox, paths, say);
      // Other plugins are other files to watch.
      if (!isDeepStrictEqual(placesOf(pluginFolders(sandbox.config)), placesOf(plugins))) break;
    }
  }
}

const placesOf = (watched: readonly Watched[]) => watched.map(({ folder, recursive }) => ({ folder, recursive }));

async function restart(sandbox: Sandbox, paths: readonly string[], say: (line: string) => void): Promise<void> {
  const what = shortPath(paths[0] ?? "") + (paths.length > 1 ? ` and ${paths.length - 1} more` : "");
  const startedAtMs = performance.now();
  try {
    await sandbox.restart();
    const ms = Math.round(performance.now() - startedAtMs);
    const { problems, call } = await sandbox.tryOut();
    say(`${what} changed: restarted in ${ms} ms${call ? `; ${call.host} answers in ${call.tookMs} ms` : ""}`);
    for (const problem of problems) say(`  ${problem}`);
  } catch (thrown) {
    say(`${what} changed, but: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}

async function sayWhatRuns(
  sandbox: Sandbox,
  folder: DevFolder,
  binary: EnvoyBinary,
  say: (line?: string) => void,
): Promise<void> {
  const { config, moved, signalbox, envoy } = sandbox;
  const [listener] = config.listeners;
  const scheme = listener?.tls === undefined ? "http" : "https";
  say(`Signalbox on a laptop; its files are in ${folder.path}`);
  say();
  for (const { path, from, to } of moved) say(`  ${path} ${from} was taken: it is ${to} now`);
  say(`  tasks API  ${signalbox.httpUrl}/xds/tasks`);
  say(`  xDS        ${formatHostPort({ host: config.xds.address, port: signalbox.xdsPort })}`);
  if (binary.kind === "missing") say(`  Envoy      none. ${binary.reason}`);
  else say(`  Envoy      ${binary.version}, ${scheme} port ${listener?.port ?? "none"}, admin ${envoy?.adminUrl}`);
  for (const { name, address, port } of sandbox.backends) {
    say(`  session    ${name}.${config.domain} -> ${formatHostPort({ host: address, port })}`);
  }
  say();
  const { problems, call } = await sandbox.tryOut();
  for (const problem of problems) say(`  ${problem}`);
  if (call === undefined) return;
  const { host, backend, tookMs } = call;
  const dev = Deno.build.standalone ? "signalbox dev" : "deno task dev";
  say(`  A call through Envoy works: backend ${backend} answered ${host} in ${tookMs} ms. Make it again:`);
  say(`    ${dev} call ${host}`);
  if (listener?.tls !== undefined) {
    say("  or without any gRPC client (five zero bytes are an empty message):");
    say(`    printf '\\0\\0\\0\\0\\0' | curl --http2 --cacert ${folder.caPath} --data-binary @- \\`);
    say("      -H 'content-type: application/grpc' -H 'te: trailers' --output - \\");
    say(`      https://${host}:${listener.port}/signalbox.dev.Echo/Say`);
  }
  say();
}

/** Warnings and worse, and what is no JSON (a stack trace); the rest would bury what this command says. */
function sayRecord(record: LogRecord, say: (line: string) => void): void {
  if (!["trace", "debug", "info"].includes(record.level)) say(`  signalbox ${formatRecord(record)}`);
}

/** The config; and from source also what Signalbox is made of. This command itself and tests don't restart it. */
function watched(folder: DevFolder): readonly Watched[] {
  const config = resolve(folder.configPath);
  const configFolder = { folder: resolve(folder.path), recursive: false, counts: (path: string) => path === config };
  if (Deno.build.standalone) return [configFolder];
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const ownFolder = join(root, "core", "dev") + sep;
  const isSource = (path: string) =>
    /\.(ts|js|json)$/.test(path) && !path.endsWith("_test.ts") && !path.startsWith(ownFolder);
  return [
    configFolder,
    { folder: root, recursive: false, counts: (path) => /[/\\](main\.ts|deno\.json)$/.test(path) },
    { folder: join(root, "core"), recursive: true, counts: isSource },
    { folder: join(root, "plugins"), recursive: true, counts: isSource },
  ];
}

/** Plugins that are not Signalbox's own: a folder with all in it, or a file with those beside it. */
function pluginFolders({ plugins }: Config): readonly Watched[] {
  const counts = (path: string) => /\.m?(ts|js|json)$/.test(path) && !path.endsWith("_test.ts");
  return plugins.flatMap(({ from }) => {
    if (from === undefined) return [];
    const isFile = /\.m?[tj]s$/.test(from);
    return [{ folder: isFile ? dirname(from) : from, recursive: !isFile, counts }];
  });
}

function shortPath(path: string): string {
  const here = Deno.cwd() + sep;
  return path.startsWith(here) ? path.slice(here.length) : path;
}
