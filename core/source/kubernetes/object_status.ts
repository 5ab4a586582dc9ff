import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Clock } from "../../clock.ts";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { RequestPool } from "../../kubernetes/request_pool.ts";
import { isAtLeast } from "../../kubernetes/resource_version.ts";
import type { Session } from "../../session/session.ts";
import { GROUP, PLURAL, VERSION } from "../../store/session_definition.ts";
import type { ObjectCondition, SessionObject } from "../../store/session_object.ts";
import type { Timers } from "../../timers.ts";
import type { ReceiptOf } from "../receipts.ts";
import type { FleetDelivery, FleetReceipts } from "./fleet_receipts.ts";
import { toRoutable } from "./gate_condition.ts";
import { type ConditionOf, sameConditions, toConditions } from "./object_conditions.ts";

/** What became of an object here. */
export type ObjectState =
  | { readonly accepted: true; readonly session: Session }
  | { readonly accepted: false; readonly reason: string; readonly message: string };

export interface ObjectStatusOptions {
  readonly client: Pick<KubernetesClient, "request">;
  readonly fleet: Pick<FleetReceipts, "ask" | "drop" | "delivery" | "listen">;
  readonly timers: Timers;
  readonly clock: Clock;
}

interface Entry {
  readonly state: ObjectState;
  /** By which all replicas ask for it. */
  readonly key: string;
  /** With what its status says, as far as is known. */
  object: SessionObject;
  /** It has waited for so long that it says what for. */
  isLate: boolean;
  cancelTimer: () => void;
  /** What is being written, or was refused. */
  write?: { readonly conditions: readonly ObjectCondition[]; readonly stop: AbortController };
}

const MAX_WRITES = 8;
/** What is live so soon is said at once and in one write. */
const SOON_MS = 2_000;
const PATIENCE_MS = 60_000;

const log = getLogger(["signalbox", "store"]);

/** What became of Sessions, in their status. Every replica asks its Envoys, and the one that leads writes. */
export class ObjectStatus {
  readonly #options: ObjectStatusOptions;
  /** By the objects' UIDs; and those of them whose status does not say yet what it should. */
  readonly #entries = new Map<string, Entry>();
  readonly #open = new Set<Entry>();
  readonly #writes: RequestPool;
  #isLeader = false;

  constructor(options: ObjectStatusOptions) {
    this.#options = options;
    this.#writes = new RequestPool({ limit: MAX_WRITES, timers: options.timers });
    options.fleet.listen(() => this.#decideAll());
  }

  /** The object as it is now, and what became of it. */
  review(object: SessionObject, state: ObjectState): void {
    const { uid, generation, resourceVersion } = object;
    const before = this.#entries.get(uid);
    const isSame = before?.object.generation === generation && isDeepStrictEqual(before.state, state);
    const entry = before && isSame ? before : create(object, state);
    if (before && before !== entry) this.#close(before);
    this.#entries.set(uid, entry);
    const known = before?.object;
    // Its status may be older than what was written since, though its spec is not.
    const isOlder = known && isAtLeast(known.resourceVersion, resourceVersion);
    const { conditions, resourceVersion: version } = isOlder ? known : object;
    this.#learn(entry, { ...object, conditions, resourceVersion: version });
  }

  /** The object is gone. */
  forget(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry) this.#close(entry);
    this.#entries.delete(uid);
  }

  /** Whether this replica writes. */
  lead(isLeader: boolean): void {
    this.#isLeader = isLeader;
    for (const entry of this.#open) stopWriting(entry);
    this.#decideAll();
  }

  /** Leaves what is not written yet. */
  close(): void {
    for (const uid of this.#entries.keys()) this.forget(uid);
  }

  #close(entry: Entry): void {
    stopWriting(entry);
    entry.cancelTimer();
    this.#open.delete(entry);
    this.#options.fleet.drop(entry.key);
  }

  /** Takes in what the status says. */
  #learn(entry: Entry, object: SessionObject): void {
    entry.object = object;
    if (this.#isSaid(entry)) return this.#close(entry);
    if (!this.#open.has(entry)) {
      this.#open.add(entry);
      this.#arm(entry, SOON_MS);
    }
    if (entry.state.accepted) this.#options.fleet.ask(entry.key, { session: toReceipt(entry.state.session) });
    this.#decide(entry);
  }

  #isSaid({ state, object: { conditions, generation } }: Entry): boolean {
    if (!state.accepted) return sameConditions(this.#toConditions(refused(state), conditions, generation), conditions);
    return conditions.some(({ type, status, observedGeneration }) =>
      type === "Live" && status === "True" && observedGeneration === generation
    );
  }

  #arm(entry: Entry, delayMs: number): void {
    entry.cancelTimer();
    entry.isLate = false;
    entry.cancelTimer = this.#options.timers.after(delayMs, () => {
      entry.isLate = true;
      this.#decide(entry);
    });
  }

  #decideAll(): void {
    for (const entry of this.#open) this.#decide(entry);
  }

  #decide(entry: Entry): void {
    if (!this.#isLeader) return;
    const { object: { conditions: present, generation }, write } = entry;
    const said = this.#conditionsFor(entry);
    if (!said) return;
    const conditions = this.#toConditions(said, present, generation);
    if (sameConditions(conditions, present) || (write && sameConditions(conditions, write.conditions))) return;
    stopWriting(entry);
    void this.#say(entry, conditions);
  }

  /** What is to be said now; `undefined`: nothing yet. */
  #conditionsFor({ state, key, isLate }: Entry): readonly ConditionOf[] | undefined {
    if (!state.accepted) return refused(state);
    const delivery = this.#options.fleet.delivery(key);
    const isWaiting = delivery?.state === "pending" || delivery?.state === "nobody";
    return delivery === undefined || (isWaiting && !isLate) ? undefined : accepted(delivery);
  }

  async #say(entry: Entry, conditions: readonly ObjectCondition[]): Promise<void> {
    const { object: { name }, state } = entry;
    if (!state.accepted) {
      log.warn("Session {session} is not served: {problem}", { session: name, problem: state.message });
    }
    const stop = new AbortController();
    const write = entry.write = { conditions, stop };
    let answer: unknown;
    const outcome = await this.#writes.run(async () => answer = await this.#write(entry, write), stop.signal);
    if (stop.signal.aborted || outcome === "aborted" || entry.write !== write) return;
    if (outcome !== "done") {
      // It is gone by now, or another has its name.
      if ([404, 409].includes(outcome.failed.status)) return;
      const { message: reason, status } = outcome.failed;
      return log.error("Cannot write the status of session {session}: {reason}", { session: name, reason, status });
    }
    delete entry.write;
    this.#arm(entry, PATIENCE_MS);
    const { metadata: { resourceVersion } } = versioned.parse(answer);
    // What is heard of it in the meantime is older, or somebody else's word.
    if (isAtLeast(resourceVersion, entry.object.resourceVersion)) {
      this.#learn(entry, { ...entry.object, resourceVersion, conditions });
    }
  }

  #write({ object, state }: Entry, { conditions, stop: { signal } }: NonNullable<Entry["write"]>): Promise<unknown> {
    const { uid, namespace, name } = object;
    const place = state.accepted ? placeOf(state.session) : { host: null, backends: null };
    return this.#options.client.request(
      `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${PLURAL}/${name}/status`,
      {
        method: "PATCH",
        contentType: "application/merge-patch+json",
        // With the UID another object of the name is not meant.
        body: { metadata: { uid }, status: { ...place, conditions } },
        signal,
      },
    );
  }

  #toConditions(said: readonly ConditionOf[], present: readonly ObjectCondition[], generation: number) {
    return toConditions(said, present, { nowMs: this.#options.clock.now(), generation });
  }
}

const versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function create(object: SessionObject, state: ObjectState): Entry {
  return { state, key: `${object.uid}/${object.generation}`, object, isLate: false, cancelTimer() {} };
}

function stopWriting(entry: Entry): void {
  entry.write?.stop.abort();
  delete entry.write;
}

function toReceipt({ id, groups }: Session): ReceiptOf {
  return groups === undefined ? { id } : { id, groups };
}

function refused({ reason, message }: Extract<ObjectState, { readonly accepted: false }>): readonly ConditionOf[] {
  return [
    { type: "Accepted", status: "False", reason, message },
    { type: "Live", status: "False", reason: "NotAccepted", message },
    { type: "Rejected", status: "False", reason: "NotAccepted", message: "no Envoy has been told of it" },
  ];
}

function accepted(delivery: FleetDelivery): readonly ConditionOf[] {
  const { status, reason = "", message = "" } = toRoutable(delivery);
  const isServed: ConditionOf = { type: "Accepted", status: "True", reason: "Accepted", message: "it is served" };
  const live: ConditionOf = delivery.state === "nobody" ? NO_ENVOY : { type: "Live", status, reason, message };
  return [
    isServed,
    live,
    delivery.state === "rejected" ? { type: "Rejected", status: "True", reason, message } : NOT_REJECTED,
  ];
}

const NO_ENVOY: ConditionOf = {
  type: "Live",
  status: "Unknown",
  reason: "NoEnvoy",
  message: "no Envoy is connected",
};
const NOT_REJECTED: ConditionOf = {
  type: "Rejected",
  status: "False",
  reason: "NotRejected",
  message: "no Envoy rejects it",
};

function placeOf({ host, service, backends }: Session) {
  // Its endpoints come and go, which the status does not follow.
  if (service) return { host, backends: `service ${service.namespace}/${service.name}:${service.port}` };
  const texts = backends.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
  );
  return { host, backends: texts.join(", ") };
}
