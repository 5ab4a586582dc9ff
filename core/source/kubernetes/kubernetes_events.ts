import { getLogger } from "@logtape/logtape";
import { createHash } from "node:crypto";
import type { Clock } from "../../clock.ts";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../kubernetes/kubernetes_error.ts";
import { toTimestamp } from "../../kubernetes/timestamp.ts";

/** What an event is about. */
export interface EventSubject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What `kubectl describe` shows of it. */
export interface KubernetesEvent {
  /** As in `InvalidSession`. */
  readonly reason: string;
  readonly message: string;
}

/** Events that wait to be written. Beyond that they are lost: the log has them. */
const MAX_WAITING = 1_000;
/** Kubernetes allows 1,024 bytes. */
const MAX_MESSAGE = 1_000;

const log = getLogger(["signalbox", "kubernetes"]);

/** Writes warnings about objects, one after the other. The same one again, by whichever replica, is no second event. */
export class KubernetesEvents {
  readonly #client: Pick<KubernetesClient, "request">;
  readonly #clock: Clock;
  readonly #waiting: object[] = [];
  readonly #stop = new AbortController();
  #writing: Promise<void> | undefined;

  constructor(options: { readonly client: Pick<KubernetesClient, "request">; readonly clock: Clock }) {
    this.#client = options.client;
    this.#clock = options.clock;
  }

  warn(subject: EventSubject, { reason, message }: KubernetesEvent): void {
    if (this.#waiting.length >= MAX_WAITING || this.#stop.signal.aborted) return;
    const hash = createHash("sha256").update(JSON.stringify([subject.uid, reason, message])).digest("hex").slice(0, 16);
    const now = toTimestamp(this.#clock.now());
    this.#waiting.push({
      apiVersion: "v1",
      kind: "Event",
      metadata: { namespace: subject.namespace, name: `${subject.name.slice(0, 236)}.${hash}` },
      involvedObject: subject,
      type: "Warning",
      reason,
      message: message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message,
      source: { component: "signalbox" },
      reportingComponent: "signalbox",
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
    this.#writing ??= this.#write();
  }

  /** Leaves what is not written yet. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { signal } = this.#stop;
    for (let event = this.#waiting.shift(); event && !signal.aborted; event = this.#waiting.shift()) {
      await this.#create(event);
    }
    this.#writing = undefined;
  }

  async #create(event: object): Promise<void> {
    const { metadata: { namespace } } = event as { readonly metadata: { readonly namespace: string } };
    try {
      const path = `/api/v1/namespaces/${namespace}/events`;
      await this.#client.request(path, { method: "POST", body: event, signal: this.#stop.signal });
    } catch (thrown) {
      const { status, message } = KubernetesError.fromFailure(thrown);
      // Written before, by us or by another replica.
      if (status === 409 || this.#stop.signal.aborted) return;
      log.warn("Cannot write an event: {reason}", { reason: message, status, event });
    }
  }
}
