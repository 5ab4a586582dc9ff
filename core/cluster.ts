import { getLogger } from "@logtape/logtape";
import { hostname } from "node:os";
import { systemClock } from "./clock.ts";
import type { KubernetesConfig, ScopeConfig } from "./config/config.ts";
import { Elector } from "./kubernetes/elector.ts";
import type { KubernetesClient } from "./kubernetes/kubernetes_client.ts";
import type { SessionParsing } from "./session/parse_session.ts";
import { openSharedStore, type SharedStoreOptions } from "./shared_store.ts";
import { ClaimedSessions, type ClaimedSessionsOptions } from "./source/kubernetes/claimed_sessions.ts";
import { FleetReceipts, type FleetReceiptsOptions } from "./source/kubernetes/fleet_receipts.ts";
import { KubernetesEvents } from "./source/kubernetes/kubernetes_events.ts";
import { ReadinessGate, type ReadinessGateOptions } from "./source/kubernetes/kubernetes_gate.ts";
import { PodSource } from "./source/kubernetes/kubernetes_pod_source.ts";
import { ServiceSource } from "./source/kubernetes/kubernetes_service_source.ts";
import { Replicas } from "./source/kubernetes/replicas.ts";
import type { ServiceRoutes } from "./source/kubernetes/service_routes.ts";
import { ServiceWatch } from "./source/kubernetes/service_watch.ts";
import type { Operation } from "./source/operation.ts";
import type { Committed } from "./source/registrar.ts";
import { systemTimers } from "./timers.ts";

/** Of the sessions that are objects of the cluster. */
export interface ClusterStoreOptions<F>
  extends Pick<SharedStoreOptions<F>, "table" | "build" | "generation" | "onWritten"> {
  /** Absent: that of Signalbox itself. */
  readonly namespace?: string;
}

export interface ClusterOptions<F> {
  readonly client: KubernetesClient;
  readonly config: KubernetesConfig;
  readonly registrar: ClaimedSessionsOptions["registrar"];
  readonly receipts:
    & ReadinessGateOptions["receipts"]
    & FleetReceiptsOptions["receipts"];
  /** Told of the Services that registered sessions may lead to. */
  readonly routes: Pick<ServiceRoutes, "apply">;
  readonly parsing: SessionParsing;
  /** Absent: the cluster is no store. */
  readonly store?: ClusterStoreOptions<F>;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

/** What Signalbox has to do with a Kubernetes. */
export interface Cluster {
  /** Resolves when all that there is in the cluster has been handed to the registrar. */
  readonly synced: Promise<void>;
  /** Sessions follow their Service to other endpoints, which is published. */
  followed(ids: Iterable<string>): void;
  /** What is wrong with the connection, for people; a line each. */
  problems(): readonly string[];
  /** Only where it is the store: what the registrar's `submit()` does elsewhere. */
  submit?(operations: readonly Operation[]): Promise<Committed>;
  close(): Promise<void>;
}

const log = getLogger(["signalbox", "kubernetes"]);

/** Begins to follow the cluster. Does not close the client. */
export function openCluster<F>(options: ClusterOptions<F>): Cluster {
  const { client, config, registrar, receipts, routes, parsing, nowMs } = options;
  const sessions = new ClaimedSessions({ registrar });
  const events = new KubernetesEvents({ client, clock: systemClock });
  const shared = { client, timers: systemTimers, clock: systemClock, nowMs };
  // Of all replicas of this Signalbox; the store is what they certainly have in common.
  const home = options.store?.namespace ?? client.namespace;
  const name = nameReplica(hostname());
  const replicas = new Replicas({ ...shared, namespace: home, name });
  const fleet = new FleetReceipts({ ...shared, receipts, replicas });
  const gate = new ReadinessGate({ ...shared, receipts, fleet });
  if (options.store) log.info("Sessions are objects in namespace {namespace}", { namespace: home });
  const pods = config.pods && new PodSource({
    client,
    sessions,
    events,
    gate,
    parsing,
    ...config.pods,
    namespaces: namespacesOf("Pods", config.pods, client.namespace),
    timers: systemTimers,
    nowMs,
  });
  const services = config.services && new ServiceSource({
    client,
    sessions,
    events,
    parsing,
    ...config.services,
    namespaces: namespacesOf("Services", config.services, client.namespace),
    timers: systemTimers,
    nowMs,
  });
  const endpoints = config.endpoints && new ServiceWatch({
    client,
    namespaces: namespacesOf("Endpoints", config.endpoints, client.namespace),
    onChange: (updates) => routes.apply(updates),
    timers: systemTimers,
    nowMs,
  });
  const store = options.store && openSharedStore({
    ...{ client, sessions, fleet, parsing, nowMs },
    ...options.store,
    namespace: home,
  });
  const followed = [pods, services, endpoints];
  let elector: Elector | undefined;
  let isClosed = false;
  /** Whoever leads, or is asked what its Envoys have, knows all that there is. */
  async function join(): Promise<void> {
    await Promise.all([store?.synced, ...followed.map((each) => each?.synced())]);
    if (isClosed || (!store && !pods)) return;
    await replicas.announce();
    if (isClosed) return;
    elector = new Elector({
      ...shared,
      namespace: home,
      identity: name,
      onChange(isLeader) {
        for (const led of [replicas, fleet, gate, store]) led?.lead(isLeader);
      },
    });
  }
  return {
    synced: join(),
    followed: (ids) => sessions.review(ids),
    problems: () =>
      [store?.problem ?? [], ...followed.flatMap((each) => each?.problems ?? []), replicas.problems].flat(),
    ...(store && { submit: (operations) => store.submit(operations) }),
    async close() {
      isClosed = true;
      await elector?.close();
      await replicas.close();
      await Promise.all([store?.close(), ...followed.map((each) => each?.close())]);
      gate.close();
      fleet.close();
      await events.close();
    },
  };
}

/** As an object may be named, and no other replica is. */
function nameReplica(host: string): string {
  const safe = host.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  return `${safe || "signalbox"}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Says, too, what is chosen: what is in another namespace is not seen, and nothing else would say why. */
function namespacesOf(
  what: string,
  { namespaces }: Pick<ScopeConfig, "namespaces">,
  own: string,
): readonly string[] | "all" {
  const chosen = namespaces?.includes("*") ? "all" : namespaces ?? [own];
  log.info("{what} are followed in namespaces: {namespaces}", { what, namespaces: [chosen].flat().join(", ") });
  return chosen;
}
