import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../clock.ts";
import type { KubernetesClient } from "../kubernetes/kubernetes_client.ts";
import { RequestPool } from "../kubernetes/request_pool.ts";
import { toTimestamp } from "../kubernetes/timestamp.ts";
import type { Timers } from "../timers.ts";
import { type GateCondition, isWithdrawn, sameCondition, toRoutable } from "./gate_condition.ts";
import { type Pod, ROUTABLE } from "./kubernetes_pod.ts";
import { nameOf } from "./kubernetes_pods.ts";
import type { ReceiptOf, Receipts } from "./receipts.ts";

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
  readonly receipts: Pick<Receipts, "waitForSession" | "waitForAll">;
  readonly timers: Timers;
  readonly clock: Clock;
}

interface Pursuit {
  readonly pod: Pod;
  readonly wish: Wish;
  readonly stop: AbortController;
  /** What the condition says, as far as is known. */
  present: GateCondition | undefined;
}

/** How many conditions are written at once. */
const MAX_WRITES = 8;
/** After so long a condition says what it waits for, and again when that is another. */
const PATIENCE_MS = 5_000;

const log = getLogger(["signalbox", "pods"]);

/**
 * Writes the condition `signalbox.dev/routable` of pods that have the readiness gate of this name: true when every Envoy
 * has the pod's route, false when none has it any more. Kubernetes holds the pod for ready no earlier than that, and
 * whoever takes a pod down can wait for the other.
 */
export class ReadinessGate {
  readonly #options: ReadinessGateOptions;
  readonly #pursuits = new Map<string, Pursuit>();
  readonly #writes: RequestPool;

  constructor(options: ReadinessGateOptions) {
    this.#options = options;
    this.#writes = new RequestPool({ limit: MAX_WRITES, timers: options.timers });
  }

  /** The pod as it is now, and what is to be said of it. */
  review(pod: Pod, wish: Wish): void {
    const before = this.#pursuits.get(pod.uid);
    if (!pod.gated || (before && isDeepStrictEqual(before.wish, wish))) return;
    before?.stop.abort();
    const pursuit = { pod, wish, stop: new AbortController(), present: before?.present ?? pod.routable };
    this.#pursuits.set(pod.uid, pursuit);
    void this.#pursue(pursuit);
  }

  /** The pod is gone. */
  forget(uid: string): void {
    this.#pursuits.get(uid)?.stop.abort();
    this.#pursuits.delete(uid);
  }

  /** Leaves what is not written yet. */
  close(): void {
    for (const uid of this.#pursuits.keys()) this.forget(uid);
  }

  /** Until the condition says what it should, or something else is to be said. */
  async #pursue(pursuit: Pursuit): Promise<void> {
    const { wish, present, stop: { signal } } = pursuit;
    if (wish.routable) {
      if (present?.status !== "True") await this.#untilRoutable(pursuit, wish.session);
      return;
    }
    if (present?.status !== "True" && wish.reason === NOT_READY) return;
    while (pursuit.present?.status === "True" && !isWithdrawn(await this.#options.receipts.waitForAll(PATIENCE_MS))) {
      if (signal.aborted) return;
    }
    const { reason, message } = wish;
    await this.#say(pursuit, { status: "False", reason, message });
  }

  async #untilRoutable(pursuit: Pursuit, session: ReceiptOf): Promise<void> {
    const { receipts, timers } = this.#options;
    for (;;) {
      const delivery = await receipts.waitForSession(session, PATIENCE_MS);
      await this.#say(pursuit, toRoutable(delivery));
      if (delivery.state === "live" || pursuit.stop.signal.aborted) return;
      // The Envoy that rejects it may go: nothing says so.
      if (delivery.state === "rejected") await new Promise<void>((resolve) => timers.after(PATIENCE_MS, resolve));
    }
  }

  async #say(pursuit: Pursuit, condition: GateCondition): Promise<void> {
    const { pod, present, stop: { signal } } = pursuit;
    if (present && sameCondition(present, condition)) return;
    const outcome = await this.#writes.run(() => this.#write(pursuit, condition), signal);
    if (outcome === "done") pursuit.present = condition;
    // It is gone by now, or another has its name.
    else if (outcome !== "aborted" && ![404, 409].includes(outcome.failed.status)) {
      log.error("Cannot write the condition of {pod}: {reason}", {
        pod: nameOf(pod),
        reason: outcome.failed.message,
        status: outcome.failed.status,
      });
    }
  }

  #write({ pod, present, stop: { signal } }: Pursuit, condition: GateCondition): Promise<unknown> {
    const { client, clock } = this.#options;
    const changed = present?.status === condition.status ? {} : { lastTransitionTime: toTimestamp(clock.now()) };
    return client.request(`/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/status`, {
      method: "PATCH",
      contentType: "application/strategic-merge-patch+json",
      // With the UID another pod of the name is not meant.
      body: {
        metadata: { uid: pod.uid },
        status: { conditions: [{ type: ROUTABLE, ...condition, ...changed }] },
      },
      signal,
    });
  }
}
