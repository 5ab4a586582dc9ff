import { getLogger } from "@logtape/logtape";
import { type CollectionScope, collectionsOf } from "../../kubernetes/collections.ts";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { Reflector } from "../../kubernetes/reflector.ts";
import { Reflectors } from "../../kubernetes/reflectors.ts";
import type { Session } from "../../session/session.ts";
import type { Timers } from "../../timers.ts";
import type { ReceiptOf } from "../receipts.ts";
import type { ClaimedSessions } from "./claimed_sessions.ts";
import type { EventSubject, KubernetesEvent } from "./kubernetes_events.ts";
import { NOT_READY, type ReadinessGate, type Wish } from "./kubernetes_gate.ts";
import { parsePod, type Pod } from "./kubernetes_pod.ts";
import { type PodSessionOptions, readPodSession } from "./kubernetes_pod_session.ts";
import { nameOf, PodSessions } from "./kubernetes_pods.ts";

export interface PodSourceOptions extends PodSessionOptions, CollectionScope {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen">;
  readonly events: { warn(subject: EventSubject, event: KubernetesEvent): void };
  readonly gate: Pick<ReadinessGate, "review" | "forget">;
  readonly timers: Timers;
  readonly nowMs: () => number;
}

/** Reasons that somebody should do something about. */
const PROBLEMS: ReadonlySet<string> = new Set(["InvalidSession", "AddressTaken", "NotRoutable"]);

const log = getLogger(["signalbox", "pods"]);

/** Makes pods sessions: those that its selector matches, for as long as they take calls. */
export class PodSource {
  readonly #options: PodSourceOptions;
  readonly #pods: PodSessions;
  readonly #reflectors: Reflectors;
  /** What was last said of each pod that has a problem. */
  readonly #problems = new Map<string, string>();

  constructor(options: PodSourceOptions) {
    this.#options = options;
    this.#pods = new PodSessions((pod) => readPodSession(pod, options));
    options.sessions.listen((keys) => this.#review(this.#pods.behind(keys)));
    this.#reflectors = new Reflectors(
      collectionsOf({ api: "/api/v1", resource: "pods" }, options).map((collection) =>
        new Reflector<Pod>({
          client: options.client,
          collection,
          parse: parsePod,
          onChange: (changes) => this.#takeIn(changes),
          timers: options.timers,
          nowMs: options.nowMs,
        })
      ),
    );
  }

  /** Resolves when every pod that there is has been handed on. */
  synced(): Promise<void> {
    return this.#reflectors.synced();
  }

  /** What keeps pods from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#reflectors.problems;
  }

  close(): Promise<void> {
    return this.#reflectors.close();
  }

  #takeIn(changes: ReadonlyMap<string, Pod | undefined>): void {
    const { claims, concerned } = this.#pods.apply(changes);
    this.#options.sessions.apply(claims, () => this.#review(concerned));
  }

  /** Says what became of pods, now that it is published. */
  #review(uids: Iterable<string>): void {
    const { gate } = this.#options;
    for (const uid of uids) {
      const pod = this.#pods.get(uid);
      const wish = pod && this.#wishFor(pod);
      if (!pod) gate.forget(uid);
      if (pod && wish) gate.review(pod, wish);
      if (pod && wish?.routable === false && PROBLEMS.has(wish.reason)) this.#warn(pod, wish);
      else this.#problems.delete(uid);
    }
  }

  /** Says what is wrong with a pod, once. */
  #warn(pod: Pod, { reason, message }: KubernetesEvent): void {
    const { uid, namespace, name } = pod;
    if (this.#problems.get(uid) === message) return;
    this.#problems.set(uid, message);
    log.warn("Cannot route to {pod}: {problem}", { pod: nameOf(pod), problem: message, uid });
    this.#options.events.warn({ apiVersion: "v1", kind: "Pod", namespace, name, uid }, { reason, message });
  }

  /** What is to be said of a pod; `undefined` while that is being decided. */
  #wishFor({ uid }: Pod): Wish | undefined {
    const withdrawn = (reason: string, message: string): Wish => ({ routable: false, reason, message });
    const state = this.#pods.stateOf(uid);
    switch (state?.kind) {
      case "not_ready":
        return withdrawn(NOT_READY, "it takes no calls");
      case "superseded":
        return withdrawn("Superseded", `${state.by} has the session`);
      case "invalid":
        return withdrawn("InvalidSession", state.issues.map(({ path, message }) => `${path} ${message}`).join("; "));
      case "ip_taken":
        return withdrawn("AddressTaken", `${state.ip} is also the IP of ${state.by}`);
      case "chosen": {
        const verdict = this.#options.sessions.verdict(state.claim.key);
        if (verdict?.problem !== undefined) return withdrawn("NotRoutable", verdict.problem);
        return verdict && { routable: true, session: toReceipt(state.claim.session) };
      }
      default:
        return undefined;
    }
  }
}

/** Only what a receipt is asked by: that stays the same where nothing of it changes. */
function toReceipt({ id, groups }: Session): ReceiptOf {
  return groups === undefined ? { id } : { id, groups };
}
