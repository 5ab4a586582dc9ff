import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../../clock.ts";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { RequestPool } from "../../kubernetes/request_pool.ts";
import { isAtLeast } from "../../kubernetes/resource_version.ts";
import { toTimestamp } from "../../kubernetes/timestamp.ts";
import type { Timers } from "../../timers.ts";
import type { ReceiptOf, Receipts } from "../receipts.ts";
import type { FleetReceipts, Question } from "./fleet_receipts.ts";
import { type GateCondition, sameCondition, toRoutable } from "./gate_condition.ts";
import { parsePod, type Pod, ROUTABLE } from "./kubernetes_pod.ts";
import { nameOf } from "./kubernetes_pods.ts";

/** What is to be said of a pod. */
export type Wish =
  /** Its route is published: true as soon as that is live. */
  | { readonly routable: true; readonly session: ReceiptOf }
  /** No route leads to it: false as soon as that is so everywhere. */
  | { readonly routable: false; readonly reason: string; readonly message: string };

/** Why a pod that is only starting has no route: nothing need be said of it. */
export const NOT_READY = "NotReady";

export interface ReadinessGateOptions {
  readonly client: Pick<KubernetesClient, "request">;
  readonly receipts: Pick<Receipts, "lastStep">;
  readonly fleet: Pick<FleetReceipts, "ask" | "drop" | "delivery" | "listen">;
  readonly timers: Timers;
  readonly clock: Clock;
}

interface Gate {
  readonly wish: Wish;
  readonly question: Question;
  /** By which all replicas ask it. */
  readonly key: string;
  /** With what its condition says, as far as is known. */
  pod: Pod;
  /** It has waited for so long that it says what for. */
  isLate: boolean;
  cancelTimer: () => void;
  /** What is being written, or was refused. */
  write?: { readonly condition: GateCondition; readonly stop: AbortController };
}

/** How many conditions are written at once. */
const MAX_WRITES = 8;
/** After so long a condition says what it waits for, and again when that is another. */
const PATIENCE_MS = 5_000;

const log = getLogger(["signalbox", "pods"]);

/**
 * The condition `signalbox.dev/routable` of pods that have the readiness gate of this name: true when every Envoy of every
 * replica has the pod's route, false when none has it any more. Kubernetes holds the pod for ready no earlier than that,
 * and whoever takes a pod down can wait for the other. Every replica asks its Envoys, and the one that leads writes.
 */
export class ReadinessGate {
  readonly #options: ReadinessGateOptions;
  /** By the pods' UIDs; and those of them whose condition does not say yet what it should. */
  readonly #gates = new Map<string, Gate>();
  readonly #open = new Set<Gate>();
  readonly #writes: RequestPool;
  #isLeader = false;

  constructor(options: ReadinessGateOptions) {
    this.#options = options;
    this.#writes = new RequestPool({ limit: MAX_WRITES, timers: options.timers });
    options.fleet.listen(() => this.#decideAll());
  }

  /** The pod as it is now, and what is to be said of it. */
  review(pod: Pod, wish: Wish): void {
    if (!pod.gated) return;
    const before = this.#gates.get(pod.uid);
    const gate = before && isDeepStrictEqual(before.wish, wish) ? before : this.#create(pod, wish);
    if (before && before !== gate) this.#close(before);
    this.#gates.set(pod.uid, gate);
    this.#learn(gate, before && isAtLeast(before.pod.resourceVersion, pod.resourceVersion) ? before.pod : pod);
  }

  /** The pod is gone. */
  forget(uid: string): void {
    const gate = this.#gates.get(uid);
    if (gate) this.#close(gate);
    this.#gates.delete(uid);
  }

  /** Whether this replica writes. */
  lead(isLeader: boolean): void {
    this.#isLeader = isLeader;
    for (const gate of this.#open) stopWriting(gate);
    this.#decideAll();
  }

  /** Leaves what is not written yet. */
  close(): void {
    for (const uid of this.#gates.keys()) this.forget(uid);
  }

  #create(pod: Pod, wish: Wish): Gate {
    const { lastStep } = this.#options.receipts;
    return {
      wish,
      ...(wish.routable
        ? { key: pod.uid, question: { session: wish.session } }
        : { key: `gone/${pod.uid}`, question: { step: lastStep } }),
      pod,
      isLate: false,
      cancelTimer() {},
    };
  }

  #close(gate: Gate): void {
    stopWriting(gate);
    gate.cancelTimer();
    this.#open.delete(gate);
    this.#options.fleet.drop(gate.key);
  }

  /** Takes in what the pod's condition says. */
  #learn(gate: Gate, pod: Pod): void {
    gate.pod = pod;
    if (isSaid(gate)) return this.#close(gate);
    if (!this.#open.has(gate)) {
      this.#open.add(gate);
      this.#arm(gate);
    }
    if (gate.wish.routable || pod.routable?.status === "True") this.#options.fleet.ask(gate.key, gate.question);
    this.#decide(gate);
  }

  #arm(gate: Gate): void {
    gate.cancelTimer();
    gate.isLate = false;
    gate.cancelTimer = this.#options.timers.after(PATIENCE_MS, () => {
      gate.isLate = true;
      this.#decide(gate);
    });
  }

  #decideAll(): void {
    for (const gate of this.#open) this.#decide(gate);
  }

  #decide(gate: Gate): void {
    if (!this.#isLeader) return;
    const condition = this.#conditionFor(gate);
    if (!condition || sameCondition(gate.pod.routable, condition)) return;
    if (gate.write && sameCondition(gate.write.condition, condition)) return;
    stopWriting(gate);
    void this.#say(gate, condition);
  }

  /** What is to be said now; `undefined`: nothing yet. */
  #conditionFor({ wish, key, pod, isLate }: Gate): GateCondition | undefined {
    const delivery = this.#options.fleet.delivery(key);
    if (wish.routable) {
      const condition = delivery && toRoutable(delivery);
      return condition?.reason === "Pending" && !isLate ? undefined : condition;
    }
    const isGone = delivery?.state === "live" || delivery?.state === "nobody";
    const { reason, message } = wish;
    return pod.routable?.status === "True" && !isGone ? undefined : { status: "False", reason, message };
  }

  async #say(gate: Gate, condition: GateCondition): Promise<void> {
    const stop = new AbortController();
    const write = gate.write = { condition, stop };
    let answer: unknown;
    const outcome = await this.#writes.run(
      async () => answer = await this.#write(gate.pod, condition, stop),
      stop.signal,
    );
    if (stop.signal.aborted || outcome === "aborted" || gate.write !== write) return;
    if (outcome !== "done") {
      // It is gone by now, or another has its name.
      if ([404, 409].includes(outcome.failed.status)) return;
      const { message: reason, status } = outcome.failed;
      return log.error("Cannot write the condition of {pod}: {reason}", { pod: nameOf(gate.pod), reason, status });
    }
    delete gate.write;
    if (condition.status !== "True") this.#arm(gate);
    const pod = parsePod(answer);
    if (pod && isAtLeast(pod.resourceVersion, gate.pod.resourceVersion)) this.#learn(gate, pod);
  }

  #write(pod: Pod, condition: GateCondition, { signal }: AbortController): Promise<unknown> {
    const { client, clock } = this.#options;
    const isChange = pod.routable?.status !== condition.status;
    return client.request(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`, {
      method: "PATCH",
      contentType: "application/strategic-merge-patch+json",
      // With the UID another pod of the name is not meant.
      body: {
        metadata: { uid: pod.uid },
        status: {
          conditions: [{
            type: ROUTABLE,
            ...condition,
            ...(isChange && { lastTransitionTime: toTimestamp(clock.now()) }),
          }],
        },
      },
      signal,
    });
  }
}

function stopWriting(gate: Gate): void {
  gate.write?.stop.abort();
  delete gate.write;
}

/** Whether the condition says what it should. */
function isSaid({ wish, pod: { routable } }: Gate): boolean {
  if (wish.routable) return routable?.status === "True";
  if (routable?.status === "True") return false;
  return wish.reason === NOT_READY ||
    sameCondition(routable, { status: "False", reason: wish.reason, message: wish.message });
}
