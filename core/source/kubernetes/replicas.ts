import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import type { KubernetesClient } from "../../kubernetes/kubernetes_client.ts";
import { KubernetesError } from "../../kubernetes/kubernetes_error.ts";
import type { ObjectChanges } from "../../kubernetes/object_set.ts";
import { Reflector } from "../../kubernetes/reflector.ts";
import { GROUP, VERSION } from "../../store/session_definition.ts";
import type { Timers } from "../../timers.ts";
import { REPLICAS } from "./replica_definition.ts";
import { type Answers, buildReplica, parseReplica, type ReplicaObject } from "./replica_object.ts";

export interface ReplicasOptions {
  readonly client: Pick<KubernetesClient, "request" | "watch">;
  readonly namespace: string;
  /** Of this replica: that of an object, unique among the replicas. */
  readonly name: string;
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

interface Peer {
  readonly object: ReplicaObject;
  /** How many of our own renewals were heard since it was heard of. */
  missed: number;
}

const RENEW_MS = 3_000;
const RETRY_MS = 1_000;
/** Who is not heard of during so many renewals of ours is gone. */
const MAX_MISSED = 3;

const log = getLogger(["signalbox", "kubernetes"]);

/**
 * The replicas that run, and what their Envoys have: each says it in an object of its own, and hears what the others say.
 * Who is gone is told by our own renewals, as they come back in the same watch: while the API server is away or the watch
 * is cut off, nobody's time runs. The leader deletes the objects of those that are gone.
 */
export class Replicas {
  readonly #options: ReplicasOptions;
  readonly #path: string;
  /** By UID; without this one. */
  readonly #peers = new Map<string, Peer>();
  readonly #listeners = new Set<() => void>();
  readonly #stop = new AbortController();
  #reflector: Reflector<ReplicaObject> | undefined;
  #ended: Promise<void> = Promise.resolve();
  #answers: Answers = new Map();
  #unsaid = true;
  #renewals = 0;
  #heardRenewals = -1;
  #exists = false;
  #isLeader = false;
  #problem: string | undefined;
  #endPause = () => {};

  constructor(options: ReplicasOptions) {
    this.#options = options;
    this.#path = `/apis/${GROUP}/${VERSION}/namespaces/${options.namespace}/${REPLICAS}`;
  }

  /** From now on this replica is one of those that run. Resolves when the others are known, and can know of this one. */
  async announce(): Promise<void> {
    const { client, namespace, timers, nowMs } = this.#options;
    this.#reflector = new Reflector<ReplicaObject>({
      client,
      collection: { path: this.#path, title: `replicas in namespace ${namespace}` },
      parse: parseReplica,
      onChange: (changes) => this.#takeIn(changes),
      timers,
      nowMs,
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = this.#run(resolve);
    await Promise.all([promise, this.#reflector.synced]);
  }

  /** What keeps the replicas from hearing of each other now, for people. */
  get problems(): readonly string[] {
    return [this.#reflector?.problem ?? [], this.#problem ?? []].flat();
  }

  /** The replicas that run beside this one. */
  get others(): readonly ReplicaObject[] {
    return Array.from(this.#peers.values()).filter(({ missed }) => missed <= MAX_MISSED).map(({ object }) => object);
  }

  /** `listener` is told when there are others, or when they say something else. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** This replica's answers from now on: all of them. What comes while others are being written goes out after those. */
  say(answers: Answers): void {
    if (isDeepStrictEqual(answers, this.#answers)) return;
    this.#answers = answers;
    this.#unsaid = true;
    // What cannot be written is not tried again for being another.
    if (this.#problem === undefined) this.#endPause();
  }

  /** Whether this replica clears up after those that are gone. */
  lead(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#clearUp();
  }

  /** This replica counts no more. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#endPause();
    await this.#ended;
    await this.#reflector?.close();
    if (this.#exists) await this.#delete(this.#options.name, {});
  }

  async #run(announced: () => void): Promise<void> {
    const { timers, nowMs, name } = this.#options;
    const { signal } = this.#stop;
    let renewedAtMs = nowMs();
    while (!signal.aborted) {
      if (nowMs() - renewedAtMs >= RENEW_MS) {
        this.#renewals++;
        renewedAtMs = nowMs();
      }
      this.#unsaid = false;
      let delayMs = RETRY_MS;
      try {
        await this.#write();
        this.#problem = undefined;
        announced();
        if (this.#unsaid) continue;
        delayMs = Math.max(0, renewedAtMs + RENEW_MS - nowMs());
      } catch (thrown) {
        if (signal.aborted) return;
        const { message: reason, status } = KubernetesError.fromFailure(thrown);
        if (this.#problem === undefined) log.warn("Cannot write Replica {name}: {reason}", { name, reason, status });
        this.#problem = `cannot write Replica ${name}: ${reason}`;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      const cancel = timers.after(delayMs, resolve);
      this.#endPause = resolve;
      if (!signal.aborted) await promise;
      cancel();
    }
  }

  /** As it is now, whatever it was, and whether it is there or not. */
  async #write(): Promise<void> {
    const { client, name } = this.#options;
    const body = buildReplica({ name, renewals: this.#renewals, answers: this.#answers });
    const limits = { signal: this.#stop.signal, timeoutMs: RENEW_MS };
    try {
      if (this.#exists) {
        await client.request(`${this.#path}/${name}`, {
          method: "PATCH",
          contentType: "application/json-patch+json",
          // A merge would keep what is not said any more.
          body: [{ op: "replace", path: "/spec", value: body.spec }],
          ...limits,
        });
      } else await client.request(this.#path, { method: "POST", body, ...limits });
      this.#exists = true;
    } catch (thrown) {
      const error = KubernetesError.fromFailure(thrown);
      if (error.status !== (this.#exists ? 404 : 409)) throw error;
      // Others held it for gone; or it was made, and the answer got lost.
      this.#exists = !this.#exists;
      await this.#write();
    }
  }

  #takeIn(changes: ObjectChanges<ReplicaObject>): void {
    for (const object of changes.values()) {
      if (object?.name !== this.#options.name || object.renewals === this.#heardRenewals) continue;
      this.#heardRenewals = object.renewals;
      for (const peer of this.#peers.values()) peer.missed++;
    }
    for (const [uid, object] of changes) {
      if (!object) this.#peers.delete(uid);
      else if (object.name !== this.#options.name) this.#peers.set(uid, { object, missed: 0 });
    }
    this.#clearUp();
    for (const listener of this.#listeners) listener();
  }

  #clearUp(): void {
    if (!this.#isLeader) return;
    for (const { object: { name, uid, resourceVersion }, missed } of this.#peers.values()) {
      if (missed <= MAX_MISSED) continue;
      log.info("Replica {name} is gone", { name });
      // As it is known here: one that says something after all stays.
      void this.#delete(name, { preconditions: { uid, resourceVersion } });
    }
  }

  async #delete(name: string, body: object): Promise<void> {
    try {
      await this.#options.client.request(`${this.#path}/${name}`, { method: "DELETE", body, timeoutMs: RENEW_MS });
    } catch (thrown) {
      const { message: reason, status } = KubernetesError.fromFailure(thrown);
      if (status !== 404 && status !== 409) {
        log.warn("Cannot delete Replica {name}: {reason}", { name, reason, status });
      }
    }
  }
}
