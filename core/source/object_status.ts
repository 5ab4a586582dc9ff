import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import type { KubernetesClient } from "../kubernetes/kubernetes_client.ts";
import { RequestPool } from "../kubernetes/request_pool.ts";
import type { Delivery } from "../observe/deliveries.ts";
import type { Session } from "../session/session.ts";
import { GROUP, PLURAL, VERSION } from "../store/session_definition.ts";
import type { ObjectCondition, SessionObject } from "../store/session_object.ts";
import type { Timers } from "../timers.ts";
import { toRoutable } from "./gate_condition.ts";
import { type ConditionOf, sameConditions, toConditions } from "./object_conditions.ts";
import type { Receipts } from "./receipts.ts";

/** What became of an object here. */
export type ObjectState =
  | { readonly accepted: true; readonly session: Session }
  | { readonly accepted: false; readonly reason: string; readonly message: string };

export interface ObjectStatusOptions {
  readonly client: Pick<KubernetesClient, "request">;
  readonly receipts: Pick<Receipts, "waitForSession">;
  readonly timers: Timers;
  readonly clock: Clock;
}

interface Pursuit {
  readonly object: SessionObject;
  readonly state: ObjectState;
  readonly stop: AbortController;
  /** What the status says, as far as is known. */
  present: readonly ObjectCondition[];
}

const MAX_WRITES = 8;
/** What is live so soon is said at once and in one write. */
const SOON_MS = 2_000;
const PATIENCE_MS = 60_000;

const log = getLogger(["signalbox", "store"]);

/** Writes what became of Sessions into their status, while this replica leads. Envoys are those that are connected here. */
export class ObjectStatus {
  readonly #options: ObjectStatusOptions;
  readonly #pursuits = new Map<string, Pursuit>();
  readonly #writes: RequestPool;

  constructor(options: ObjectStatusOptions) {
    this.#options = options;
    this.#writes = new RequestPool({ limit: MAX_WRITES, timers: options.timers });
  }

  /** The object as it is now, and what became of it. */
  review(object: SessionObject, state: ObjectState): void {
    const before = this.#pursuits.get(object.uid);
    if (before?.object.generation === object.generation && isDeepStrictEqual(before.state, state)) return;
    before?.stop.abort();
    const pursuit = { object, state, stop: new AbortController(), present: before?.present ?? object.conditions };
    this.#pursuits.set(object.uid, pursuit);
    void this.#pursue(pursuit);
  }

  /** The object is gone. */
  forget(uid: string): void {
    this.#pursuits.get(uid)?.stop.abort();
    this.#pursuits.delete(uid);
  }

  /** Leaves what is not written yet: this replica leads no more. */
  stop(): void {
    for (const uid of this.#pursuits.keys()) this.forget(uid);
  }

  /** Until the status says what it should, or something else is to be said. */
  async #pursue(pursuit: Pursuit): Promise<void> {
    const { state, object, stop: { signal } } = pursuit;
    if (!state.accepted) {
      log.warn("Session {session} is not served: {problem}", { session: object.name, problem: state.message });
      return await this.#say(pursuit, state);
    }
    if (isLive(pursuit.present, object.generation)) return;
    const { receipts, timers } = this.#options;
    for (let patienceMs = SOON_MS; !signal.aborted; patienceMs = PATIENCE_MS) {
      const delivery = await receipts.waitForSession(state.session, patienceMs);
      await this.#say(pursuit, { accepted: true, delivery });
      if (delivery.state === "live") return;
      // The Envoy that rejects it may go: nothing says so.
      if (delivery.state === "rejected") await pause(timers, PATIENCE_MS, signal);
    }
  }

  async #say(pursuit: Pursuit, said: Said): Promise<void> {
    const { object, stop: { signal }, present } = pursuit;
    const conditions = toConditions(conditionsOf(said), present, {
      nowMs: this.#options.clock.now(),
      generation: object.generation,
    });
    if (signal.aborted || sameConditions(conditions, present)) return;
    const outcome = await this.#writes.run(() => this.#write(pursuit, conditions), signal);
    if (outcome === "done") pursuit.present = conditions;
    // It is gone by now, or another has its name.
    else if (outcome !== "aborted" && ![404, 409].includes(outcome.failed.status)) {
      const { message: reason, status } = outcome.failed;
      log.error("Cannot write the status of session {session}: {reason}", { session: object.name, reason, status });
    }
  }

  #write({ object, state, stop: { signal } }: Pursuit, conditions: readonly ObjectCondition[]): Promise<unknown> {
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
}

type Said =
  | Extract<ObjectState, { readonly accepted: false }>
  | { readonly accepted: true; readonly delivery: Delivery };

function conditionsOf(said: Said): readonly ConditionOf[] {
  if (!said.accepted) {
    const { reason, message } = said;
    return [
      { type: "Accepted", status: "False", reason, message },
      { type: "Live", status: "False", reason: "NotAccepted", message },
      { type: "Rejected", status: "False", reason: "NotAccepted", message: "no Envoy has been told of it" },
    ];
  }
  const { status, reason = "", message = "" } = toRoutable(said.delivery);
  const accepted: ConditionOf = { type: "Accepted", status: "True", reason: "Accepted", message: "it is served" };
  const live: ConditionOf = said.delivery.envoys.length === 0 ? NO_ENVOY : { type: "Live", status, reason, message };
  return said.delivery.state === "rejected"
    ? [accepted, live, { type: "Rejected", status: "True", reason, message }]
    : [accepted, live, NOT_REJECTED];
}

/** Others may be connected to other replicas. */
const NO_ENVOY: ConditionOf = {
  type: "Live",
  status: "Unknown",
  reason: "NoEnvoy",
  message: "no Envoy is connected to the replica that writes this",
};
const NOT_REJECTED: ConditionOf = {
  type: "Rejected",
  status: "False",
  reason: "NotRejected",
  message: "no Envoy rejects it",
};

function isLive(conditions: readonly ObjectCondition[], generation: number): boolean {
  return conditions.some(({ type, status, observedGeneration }) =>
    type === "Live" && status === "True" && observedGeneration === generation
  );
}

function placeOf({ host, backends }: Session) {
  const texts = backends.map(({ address, port }) =>
    address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`
  );
  return { host, backends: texts.join(", ") };
}

async function pause(timers: Timers, delayMs: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cancel = timers.after(delayMs, resolve);
  const aborted = () => resolve();
  signal.addEventListener("abort", aborted);
  if (!signal.aborted) await promise;
  cancel();
  signal.removeEventListener("abort", aborted);
}
