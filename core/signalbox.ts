import { getLogger } from "@logtape/logtape";
import { cpuUsage } from "node:process";
import { bundledPlugins } from "../plugins/mod.ts";
import { ResourceCache } from "./cache/resource_cache.ts";
import { TYPE_LABELS } from "./cache/resource_type.ts";
import { systemClock } from "./clock.ts";
import { formatHostPort } from "./command/host_port.ts";
import type { Config, ListenerConfig, StoreConfig } from "./config/config.ts";
import { readTlsFiles } from "./config/tls_files.ts";
import { type HttpServer, startHttpServer } from "./http/http_server.ts";
import { addOperatorApi, type Phase } from "./http/operator_api.ts";
import { createRouter } from "./http/router.ts";
import { Metrics } from "./observe/metrics.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { buildShared, type ListenerSource } from "./pipeline/shared.ts";
import { SessionTable } from "./session/session_table.ts";
import { type Issue, SignalboxError } from "./signalbox_error.ts";
import { createRegistrar } from "./source/registrar.ts";
import { addTasksApi } from "./source/tasks_api.ts";
import { systemTimers } from "./source/timers.ts";
import { createMemoryStore } from "./store/memory_store.ts";
import { openSqliteStore } from "./store/sqlite_store.ts";
import type { Store } from "./store/store.ts";
import { type AdsServer, startAdsServer, type StreamObserver } from "./xds/ads_server.ts";

/** A Signalbox that runs. */
export interface Signalbox {
  /** `http://ADDRESS:PORT` of the tasks API. */
  readonly httpUrl: string;
  /** `ADDRESS:PORT` where Envoys connect. */
  readonly xdsAddress: string;
  /** Answers what has arrived, then stops. What was acknowledged is in the store. */
  close(): Promise<void>;
}

const log = getLogger(["signalbox"]);

/**
 * Every stage, in the order in which a session passes them: store, table, pipeline, cache, xDS. Resolves when Signalbox
 * is ready: the store is loaded and both addresses are listened to. Throws `invalid_config`, `address_in_use` or what
 * the store says, and leaves nothing running then.
 */
export async function createSignalbox(config: Config): Promise<Signalbox> {
  const startedAtMs = performance.now();
  const metrics = new Metrics();
  let phase: Phase = "starting";
  let http: HttpServer | undefined;
  let ads: AdsServer | undefined;

  const listeners = await readListeners(config.listeners);
  const hookSets = bundledPlugins;
  const cache = new ResourceCache(buildShared({ layout: config.delivery.routes, listeners, hookSets }));
  const pipeline = createPipeline({ hookSets });
  const table = new SessionTable();
  const store = measureCommits(await openStore(config.store), metrics);
  const registrar = createRegistrar({
    store,
    table,
    clock: systemClock,
    timers: systemTimers,
    build: pipeline.build,
    publish(generation, changes) {
      cache.apply(generation, changes);
      metrics.published(generation, performance.now());
      ads?.advance();
    },
  });
  metrics.observeState(() => ({ sessions: table.size, generation: registrar.generation }));
  metrics.observeProcess(readProcess);

  async function close(): Promise<void> {
    phase = "stopping";
    await http?.close();
    await registrar.close();
    await ads?.close();
    await store.close();
  }

  try {
    const router = createRouter();
    addOperatorApi(router, { phase: () => phase, metrics });
    addTasksApi(router, { registrar, table, domain: config.domain });
    // First, so that probes are answered while a large store is loaded.
    http = startHttpServer({ ...config.http, handler: (request) => router.fetch(request) });
    // Nothing is served from a table that is not complete: it would look as if sessions had gone.
    await registrar.start(await store.load());
    ads = await startAdsServer({ cache, ...config.xds, observer: observeStreams(metrics) });
    phase = "ready";
  } catch (thrown) {
    await close();
    throw thrown;
  }
  log.info("HTTP API listening", { address: config.http.address, port: http.port });
  log.info("xDS listening", { address: config.xds.address, port: ads.port });
  const ms = Math.round(performance.now() - startedAtMs);
  log.info("Ready in {ms} ms with {sessions} sessions", { ms, sessions: table.size, generation: registrar.generation });
  return { httpUrl: http.url, xdsAddress: formatHostPort({ host: config.xds.address, port: ads.port }), close };
}

async function readListeners(listeners: readonly ListenerConfig[]): Promise<readonly ListenerSource[]> {
  const issues: Issue[] = [];
  const sources: ListenerSource[] = [];
  for (const [index, { tls, ...listener }] of listeners.entries()) {
    if (tls === undefined) {
      sources.push(listener);
      continue;
    }
    const read = await readTlsFiles(tls, `listeners[${index}].tls`);
    if (!read.ok) {
      issues.push(...read.issues);
      continue;
    }
    const { cert, key, validTo } = read;
    // Not refused: a restart must not take down what else still works.
    if (validTo.getTime() <= systemClock.now()) {
      log.warn("The certificate of listener {listener} has expired", {
        listener: listener.name,
        file: tls.cert,
        validTo,
      });
    }
    sources.push({ ...listener, tls: { cert, key } });
  }
  if (issues.length > 0) {
    throw new SignalboxError("invalid_config", "Cannot use the listeners' certificates", { issues });
  }
  return sources;
}

function openStore(config: StoreConfig): Promise<Store> {
  switch (config.kind) {
    case "memory":
      return Promise.resolve(createMemoryStore());
    case "sqlite":
      return openSqliteStore(config.path);
  }
}

function measureCommits(store: Store, metrics: Metrics): Store {
  return {
    load: () => store.load(),
    close: () => store.close(),
    async commit(generation, changes) {
      const startedAtMs = performance.now();
      try {
        await store.commit(generation, changes);
      } catch (thrown) {
        metrics.commitFailed();
        throw thrown;
      }
      metrics.committed((performance.now() - startedAtMs) / 1000);
    },
  };
}

function observeStreams(metrics: Metrics): StreamObserver {
  return {
    opened: (protocol) => metrics.opened(protocol),
    closed: (protocol) => metrics.closed(protocol),
    unknownType(typeUrl) {
      metrics.unknownType();
      log.warn("An Envoy asks for resources of a type that is not served: {typeUrl}", { typeUrl });
    },
    event(event) {
      const type = TYPE_LABELS[event.typeUrl];
      switch (event.kind) {
        case "sent":
          return metrics.sent(type, event.resources);
        case "acked":
          return metrics.acked(type, performance.now());
        case "nacked":
          metrics.nacked(type);
          return log.warn("An Envoy rejected a response: {message}", {
            type,
            names: event.names,
            message: event.message,
          });
        case "rejected": {
          metrics.rejected(type);
          const { name, version, sessionId, message } = event;
          return log.error("An Envoy rejects {name}: {message}", { type, name, version, session: sessionId, message });
        }
      }
    },
  };
}

function readProcess() {
  const { user, system } = cpuUsage();
  const startSeconds = (performance.timeOrigin) / 1000;
  return { cpuSeconds: (user + system) / 1e6, rssBytes: Deno.memoryUsage().rss, startSeconds };
}
