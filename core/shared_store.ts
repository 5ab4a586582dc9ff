import { systemClock } from "./clock.ts";
import type { KubernetesClient } from "./kubernetes/kubernetes_client.ts";
import type { SessionParsing } from "./session/parse_session.ts";
import type { ClaimedSessions } from "./source/kubernetes/claimed_sessions.ts";
import { ObjectExpiry } from "./source/kubernetes/object_expiry.ts";
import { ObjectRegistrar, type ObjectRegistrarOptions } from "./source/kubernetes/object_registrar.ts";
import { ObjectSessions } from "./source/kubernetes/object_sessions.ts";
import { ObjectStatus, type ObjectStatusOptions } from "./source/kubernetes/object_status.ts";
import type { Operation } from "./source/operation.ts";
import type { Committed } from "./source/registrar.ts";
import { KubernetesStore } from "./store/kubernetes_store.ts";
import { systemTimers } from "./timers.ts";

export interface SharedStoreOptions<F>
  extends Pick<ObjectRegistrarOptions<F>, "table" | "build" | "generation" | "onWritten"> {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen" | "claimants">;
  readonly fleet: ObjectStatusOptions["fleet"];
  readonly parsing: SessionParsing;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

/** The store that several replicas share: Sessions of a cluster. */
export interface SharedStore {
  /** Resolves when all Sessions that there are have been handed on. */
  readonly synced: Promise<void>;
  /** What keeps them from being followed now, for people. */
  readonly problem: string | undefined;
  submit(operations: readonly Operation[]): Promise<Committed>;
  /** Whether this replica writes status and expires ttls. */
  lead(isLeader: boolean): void;
  /** Answers what was submitted; `client` may be closed afterwards. */
  close(): Promise<void>;
}

/** Begins to follow the Sessions of a namespace. */
export function openSharedStore<F>(options: SharedStoreOptions<F>): SharedStore {
  const { client, namespace, sessions, fleet, parsing, nowMs } = options;
  const shared = { timers: systemTimers, clock: systemClock, nowMs };
  const status = new ObjectStatus({ client, fleet, ...shared });
  const objects = new ObjectSessions({ sessions, status, table: options.table, store: () => store });
  const store: KubernetesStore = new KubernetesStore({
    client,
    namespace,
    parsing,
    ...shared,
    onChange(changes, taken) {
      expiry.takeIn(changes);
      objects.takeIn(changes, taken);
    },
  });
  const expiry = new ObjectExpiry({ store, ...shared });
  const registrar = new ObjectRegistrar({
    ...options,
    ...shared,
    store,
    objects,
  });
  return {
    synced: store.synced,
    get problem() {
      return store.problem;
    },
    submit: (operations) => registrar.submit(operations),
    lead(isLeader) {
      status.lead(isLeader);
      expiry.lead(isLeader);
    },
    async close() {
      await registrar.close();
      status.close();
      await store.close();
    },
  };
}
