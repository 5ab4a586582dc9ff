import { getLogger } from "@logtape/logtape";
import { cpuUsage } from "node:process";
import { bundledPlugins } from "../plugins/mod.ts";
import { openFiles } from "./access/open_files.ts";
import { CacheSet } from "./cache/cache_set.ts";
import type { Fragment } from "./cache/fragment.ts";
import { systemClock } from "./clock.ts";
import type { Cluster } from "./cluster.ts";
import type { ClusterSecrets } from "./cluster_secrets.ts";
import { formatHostPort } from "./command/host_port.ts";
import type { Config } from "./config/config.ts";
import { allowsPolling, findExposures, isLoopback } from "./config/exposure.ts";
import { usesKubernetes } from "./config/uses_kubernetes.ts";
import { addGuard } from "./http/guard.ts";
import { startHttpServer } from "./http/http_server.ts";
import { addOperatorApi, addProbes, type Phase } from "./http/operator_api.ts";
import { createRouter, type Router } from "./http/router.ts";
import type { KubernetesClient } from "./kubernetes/kubernetes_client.ts";
import { Deliveries } from "./observe/deliveries.ts";
import { routeGrpcLog } from "./observe/grpc_log.ts";
import { Metrics } from "./observe/metrics.ts";
import { createPluginReport } from "./observe/plugin_report.ts";
import { openStore } from "./open_store.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { buildShared, type ListenerSource } from "./pipeline/shared.ts";
import { loadPlugins } from "./plugin/load_plugins.ts";
import { PluginRuntime } from "./plugin/plugin_runtime.ts";
import { shortStack } from "./plugin/short_stack.ts";
import { containStrayErrors } from "./plugin/stray_errors.ts";
import type { SessionParsing } from "./session/parse_session.ts";
import { SessionTable } from "./session/session_table.ts";
import { createSessionBuilder } from "./session_builder.ts";
import { createSessionExplainer } from "./session_explainer.ts";
import { SignalboxError } from "./signalbox_error.ts";
import type { GrpcApi } from "./source/grpc/grpc_api.ts";
import { ServiceRoutes } from "./source/kubernetes/service_routes.ts";
import type { Operation } from "./source/operation.ts";
import { Receipts } from "./source/receipts.ts";
import { type Committed, createRegistrar, type Registrar } from "./source/registrar.ts";
import { addExplainApi } from "./source/tasks/explain_api.ts";
import { addGenerationsApi } from "./source/tasks/generations_api.ts";
import { addTasksApi } from "./source/tasks/tasks_api.ts";
import { systemTimers } from "./timers.ts";
import { admitTo } from "./xds/admission.ts";
import { dialectOf } from "./xds/client_node.ts";
import { createClientWatch } from "./xds/client_watch.ts";
import { createOmissionWatch } from "./xds/omission_watch.ts";
import { Pollers } from "./xds/pollers.ts";
import { Publisher } from "./xds/publisher.ts";
import { addRestApi } from "./xds/rest_api.ts";
import { startXdsServer, type XdsServer } from "./xds/xds_server.ts";

/** A Signalbox that runs. */
export interface Signalbox {
  /** `http://ADDRESS:PORT` of the tasks API. */
  readonly httpUrl: string;
  /** `ADDRESS:PORT` where Envoys connect. */
  readonly xdsAddress: string;
  /** `ADDRESS:PORT` of the gRPC API; absent where it is switched off. */
  readonly grpcAddress?: string;
  /** Answers what has arrived, then stops. What was acknowledged is in the store. */
  close(): Promise<void>;
}

const log = getLogger(["signalbox"]);

const nowMs = () => performance.now();

/**
 * Every stage, in the order in which a session passes them: store, table, pipeline, cache, xDS. Resolves when Signalbox
 * is ready: the store is loaded, the cluster is listed and both addresses are listened to. Throws `invalid_config`,
 * `address_in_use`, what the store says, or the reason of `signal` where that is aborted before, and leaves nothing running
 * then.
 */
export async function createSignalbox(config: Config, { signal }: { signal?: AbortSignal } = {}): Promise<Signalbox> {
  const startedAtMs = performance.now();
  routeGrpcLog();
  const metrics = new Metrics();
  let phase: Phase = "starting";
  let grpc: GrpcApi | undefined;
  let secrets: ClusterSecrets | undefined;
  let cluster: Cluster | undefined;
  let xds: XdsServer | undefined;
  let writer: Registrar<Fragment> | undefined;

  for (const { path, message } of findExposures(config)) log.warn("Insecure: {path}: {risk}", { path, risk: message });
  await using guard = new AsyncDisposableStack();
  const files = guard.adopt(
    await openFiles(config, { timers: systemTimers, nowMs, refused: (server) => metrics.unauthenticated(server) }),
    (files) => files.close(),
  );
  function openRouter(): Router {
    const router = createRouter();
    addProbes(router, {
      phase: () => phase,
      problems: () => [...secrets?.problems() ?? [], ...cluster?.problems() ?? []],
    });
    addGuard(router, { access: files.http, loopback: isLoopback(config.http.address) });
    addOperatorApi(router, { phase: () => phase, metrics });
    return router;
  }
  let router = openRouter();
  // First, so that probes are answered while a cluster is waited for, plugins are set up or a large store is loaded.
  const http = guard.adopt(
    await startHttpServer({
      ...config.http,
      access: files.http,
      handler: (request, client) => router.fetch(request, { client }),
    }),
    (http) => http.close(),
  );
  const client = usesKubernetes(config) ? guard.adopt(await connect(config), (client) => client.close()) : undefined;
  const { sessionSecrets } = config;
  if (client && (config.kubernetes?.secrets || sessionSecrets.kubernetes)) {
    const { openClusterSecrets } = await import("./cluster_secrets.ts");
    secrets = guard.adopt(openClusterSecrets(config, { client, nowMs }), (secrets) => secrets.close());
    // Plugins read what their configs refer to at once, and sessions that cannot be built are not served.
    await Promise.race([secrets.synced, whenAborted(signal)]);
  }
  const runtime = guard.use(
    new PluginRuntime({ sessionSecrets, clusterSecrets: secrets, invalidate: (ids) => writer?.invalidate(ids) }),
  );
  const report = createPluginReport(metrics, nowMs);
  guard.use(containStrayErrors({
    plugins: config.plugins,
    onError(plugin, error) {
      const { redact } = runtime.revealed;
      const cause = redact(shortStack(error));
      report.failed([{ plugin, hook: "background", path: "", message: redact(error.message), cause }]);
    },
  }));
  const hookSets = await loadPlugins(config.plugins, { bundled: bundledPlugins, runtime });
  const buildGroups = (listeners: readonly ListenerSource[]) =>
    new Map(config.groups.map(({ name, listeners: names }) => {
      const own = listeners.filter((listener) => names.includes(listener.name));
      const layout = config.delivery;
      return [name, buildShared({ layout, listeners: own, hookSets, onSkipped: report.failed })] as const;
    }));
  const shared = buildGroups(files.listeners.current);
  const { drainMs, clusters, maxUnknownNames } = config.delivery;
  const caches = new CacheSet(shared, { drainMs, onDemand: clusters === "on-demand" });
  const table = new SessionTable();
  // What plugins add to what is shared is the same in every group.
  const sharedClusters = [...shared.values()][0]?.clusters ?? [];
  const pipeline = createPipeline({ hookSets, sharedClusters, clock: report.clock });
  const routes = new ServiceRoutes({ reads: runtime.reads, onMoved: (ids) => writer?.follow(ids) });
  const builder = createSessionBuilder({
    ...{ pipeline, runtime },
    resolve: (service) => routes.resolve(service),
    isRegistered: (id) => table.get(id) !== undefined,
    onFailures: (session, failures) => report.failed(failures, session.id),
  });
  const explainer = createSessionExplainer({ pipeline, runtime, table, served: builder.served });
  const store = await openStore(config.store, metrics);
  const registrar = writer = createRegistrar({
    ...(store && { store }),
    table,
    clock: systemClock,
    timers: systemTimers,
    build: builder.build,
    isServed: builder.isServed,
    publish(generation, changes) {
      // First, for what becomes of a change on its way to Envoys concerns nobody who watches sessions.
      grpc?.publish(generation, changes);
      publisher.publish(generation, changes);
      builder.published(changes);
      grpc?.advance();
    },
    onFollowed: (ids) => cluster?.followed(ids),
  });
  const deliveries = new Deliveries();
  const publisher = new Publisher({
    caches,
    deliveries,
    timers: systemTimers,
    nowMs,
    advance() {
      xds?.advance();
      pollers.advance();
    },
  });
  const receipts = new Receipts({
    deliveries,
    steps: {
      get revision() {
        return caches.revision;
      },
      changedAt: (id) => table.get(id)?.problem === undefined ? caches.changedAt(id) : Infinity,
      revisionOf: (generation) => publisher.revisionOf(generation),
    },
    timers: systemTimers,
    nowMs,
  });
  const observer = createClientWatch({
    ...{ metrics, deliveries, nowMs },
    versionFor: ({ group, dialect }, typeUrl, name) =>
      caches.group(group)?.in(dialect).view(typeUrl).get(name)?.version,
    touchedBy: explainer.touchedBy,
  });
  const pollers = new Pollers({
    observer,
    timers: systemTimers,
    nowMs,
    takeOmissions: () => caches.takeOmissions(),
    omitted: createOmissionWatch({ metrics, deliveries, changedAt: (id) => caches.changedAt(id) }),
  });
  metrics.observeState(() => ({
    ...{ sessions: table.size, failing: registrar.failing, generation: registrar.generation },
  }));
  metrics.observeProcess(readProcess);

  const opened = guard.move();
  async function close(): Promise<void> {
    phase = "stopping";
    pollers.close();
    await Promise.all([http.close(), grpc?.close()]);
    await cluster?.close();
    await registrar.close();
    publisher.close();
    await xds?.close();
    await store?.close();
    await opened.disposeAsync();
  }

  try {
    const parsing: SessionParsing = {
      domain: config.domain,
      groups: config.groups.map(({ name }) => name),
      ...(config.kubernetes?.endpoints && { serviceNamespaces: config.kubernetes.endpoints.namespaces }),
    };
    // What callers ask for is written here, or, where replicas share a store, by the cluster.
    const writing = store ? registrar : {
      submit(operations: readonly Operation[]): Promise<Committed> {
        if (phase === "ready" && cluster?.submit) return cluster.submit(operations);
        return Promise.reject(new SignalboxError("not_ready", `Cannot change sessions: Signalbox is ${phase}`));
      },
    };
    const complete = openRouter();
    addTasksApi(complete, { registrar: writing, table, receipts, parsing });
    addGenerationsApi(complete, { receipts });
    addExplainApi(complete, explainer);
    addRestApi(complete, {
      pollers,
      admit: {
        v3: admitTo(caches, config.groups, () => "envoy-rest"),
        v2: admitTo(caches, config.groups, () => "envoy-v2"),
      },
      refused: (node) => observer.refused(node),
      allowed: allowsPolling(config.http),
      longPollMs: config.http.longPollMs,
      timers: systemTimers,
    });
    router = complete;
    if (config.grpc.enabled) {
      const { startGrpcApi } = await import("./source/grpc/grpc_api.ts");
      const { createClientStatusService } = await import("./xds/client_status_service.ts");
      const services = [createClientStatusService(() => [...xds?.clients() ?? [], ...pollers.clients()])];
      const api = { registrar: writing, table, receipts, parsing };
      grpc = await startGrpcApi({ ...config.grpc, access: files.grpc, ...api, services });
    }
    // Nothing is served from a table that is not complete: it would look as if sessions had gone.
    // Without a store of its own a replica counts for itself, and higher than before it was started anew.
    await registrar.start(store ? await store.load() : { generation: systemClock.now(), records: [] });
    if (client && (config.kubernetes || config.store.kind === "kubernetes")) {
      const { openCluster } = await import("./cluster.ts");
      cluster = openCluster({
        ...{ client, config: config.kubernetes ?? {}, registrar, receipts, routes, parsing, nowMs },
        ...(config.store.kind === "kubernetes" && {
          store: {
            ...config.store,
            table,
            build: builder.build,
            generation: () => registrar.generation,
            onWritten: (seconds) => seconds === "failed" ? metrics.commitFailed() : metrics.committed(seconds),
          },
        }),
      });
      await Promise.race([cluster.synced, whenAborted(signal)]);
      // What was observed is in the table when this is answered.
      await registrar.submit([]);
    }
    const admit = admitTo(caches, config.groups, dialectOf);
    xds = await startXdsServer({ ...config.xds, access: files.xds, admit, limits: { maxUnknownNames }, observer });
    grpc?.serve(registrar.generation);
    files.listeners.subscribe((listeners) => publisher.publishShared(buildGroups(listeners)));
    phase = "ready";
  } catch (thrown) {
    await close();
    throw thrown;
  }
  log.info("HTTP API listening", { address: config.http.address, port: http.port, tls: config.http.tls !== undefined });
  if (grpc !== undefined) {
    log.info("gRPC API listening", {
      address: config.grpc.address,
      port: grpc.port,
      tls: config.grpc.tls !== undefined,
    });
  }
  log.info("xDS listening", { address: config.xds.address, port: xds.port, tls: config.xds.tls !== undefined });
  const ms = Math.round(performance.now() - startedAtMs);
  log.info("Ready in {ms} ms with {sessions} sessions", { ms, sessions: table.size, generation: registrar.generation });
  return {
    httpUrl: http.url,
    xdsAddress: formatHostPort({ host: config.xds.address, port: xds.port }),
    ...(grpc === undefined ? {} : { grpcAddress: formatHostPort({ host: config.grpc.address, port: grpc.port }) }),
    close,
  };
}

/** Not imported where it is not configured: it is large. */
async function connect({ kubernetes = {} }: Config): Promise<KubernetesClient> {
  const { connectCluster } = await import("./connect_cluster.ts");
  return await connectCluster(kubernetes);
}

/** Rejects with the signal's reason. */
function whenAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

function readProcess() {
  const { user, system } = cpuUsage();
  const startSeconds = (performance.timeOrigin) / 1000;
  return { cpuSeconds: (user + system) / 1e6, rssBytes: Deno.memoryUsage().rss, startSeconds };
}
