import { getLogger } from "@logtape/logtape";
import type { KubernetesClient } from "../kubernetes/kubernetes_client.ts";
import { type Collection, Reflector } from "../kubernetes/reflector.ts";
import type { Timers } from "../timers.ts";
import type { ClaimedSessions } from "./claimed_sessions.ts";
import type { EventSubject, KubernetesEvent } from "./kubernetes_events.ts";
import { parsePod, type Pod } from "./kubernetes_pod.ts";
import { type PodSessionOptions, readPodSession } from "./kubernetes_pod_session.ts";
import { nameOf, PodSessions } from "./kubernetes_pods.ts";

export interface PodSourceOptions extends PodSessionOptions {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen">;
  readonly events: { warn(subject: EventSubject, event: KubernetesEvent): void };
  readonly selector: string;
  readonly namespaces: readonly string[] | "all";
  readonly timers: Timers;
  readonly nowMs: () => number;
}

const log = getLogger(["signalbox", "pods"]);

/** Makes pods sessions: those that its selector matches, for as long as they take calls. */
export class PodSource {
  readonly #options: PodSourceOptions;
  readonly #pods: PodSessions;
  readonly #reflectors: readonly Reflector<Pod>[];
  /** What was last said of each pod that has a problem. */
  readonly #problems = new Map<string, string>();

  constructor(options: PodSourceOptions) {
    this.#options = options;
    this.#pods = new PodSessions((pod) => readPodSession(pod, options));
    options.sessions.listen((keys) => this.#review(this.#pods.behind(keys)));
    this.#reflectors = collections(options).map((collection) =>
      new Reflector<Pod>({
        client: options.client,
        collection,
        parse: parsePod,
        onChange: (changes) => this.#takeIn(changes),
        timers: options.timers,
        nowMs: options.nowMs,
      })
    );
  }

  /** Resolves when every pod that there is has been handed on. */
  async synced(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.synced));
  }

  /** What keeps pods from being followed now, for people. */
  get problems(): readonly string[] {
    return this.#reflectors.flatMap(({ problem }) => problem ?? []);
  }

  async close(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.close()));
  }

  #takeIn(changes: ReadonlyMap<string, Pod | undefined>): void {
    const { claims, concerned } = this.#pods.apply(changes);
    this.#options.sessions.apply(claims);
    this.#review(concerned);
  }

  /** Says what is wrong with pods, once. */
  #review(uids: Iterable<string>): void {
    for (const uid of uids) {
      const pod = this.#pods.get(uid);
      const problem = pod && this.#problemOf(pod);
      if (!pod || !problem) {
        this.#problems.delete(uid);
        continue;
      }
      if (this.#problems.get(uid) === problem.message) continue;
      this.#problems.set(uid, problem.message);
      log.warn("Cannot route to {pod}: {problem}", { pod: nameOf(pod), problem: problem.message, uid });
      const { namespace, name } = pod;
      this.#options.events.warn({ apiVersion: "v1", kind: "Pod", namespace, name, uid }, problem);
    }
  }

  #problemOf({ uid }: Pod): KubernetesEvent | undefined {
    const state = this.#pods.stateOf(uid);
    switch (state?.kind) {
      case "invalid":
        return {
          reason: "InvalidSession",
          message: state.issues.map((issue) => `${issue.path} ${issue.message}`).join("; "),
        };
      case "ip_taken":
        return { reason: "AddressTaken", message: `${state.ip} is also the IP of ${state.by}` };
      case "chosen": {
        const problem = this.#options.sessions.verdict(this.#pods.claimOf(uid) ?? "")?.problem;
        return problem === undefined ? undefined : { reason: "NotRoutable", message: problem };
      }
      default:
        return undefined;
    }
  }
}

function collections({ namespaces, selector }: PodSourceOptions): readonly Collection[] {
  if (namespaces === "all") return [{ path: "/api/v1/pods", labelSelector: selector, title: "pods" }];
  return namespaces.map((namespace) => ({
    path: `/api/v1/namespaces/${namespace}/pods`,
    labelSelector: selector,
    title: `pods in namespace ${namespace}`,
  }));
}
