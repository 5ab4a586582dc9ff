import { getLogger } from "@logtape/logtape";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import type { Timers } from "../timers.ts";
import type { KubernetesClient } from "./kubernetes_client.ts";
import { KubernetesError } from "./kubernetes_error.ts";

export const LEASE_NAME = "signalbox";

export interface ElectorOptions {
  readonly client: Pick<KubernetesClient, "request">;
  /** Where the Lease is. */
  readonly namespace: string;
  /** Unique among the replicas. */
  readonly identity: string;
  /** Told when this replica begins to lead, and when it leads no more. */
  readonly onChange: (isLeader: boolean) => void;
  readonly clock: Clock;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  readonly timers: Timers;
}

/** How long a leader that is not heard of is still waited for. */
const LEASE_SECONDS = 10;
/** How often the leader renews its lease, and others look whether it does. */
const RENEW_MS = 3_000;
/** A leader that cannot renew has to know it before others take over. */
const REQUEST_MS = 3_000;
const RETRY_MS = 1_000;

const leaseSchema = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  spec: z.object({
    holderIdentity: z.string().nullish(),
    leaseDurationSeconds: z.int().nullish(),
    leaseTransitions: z.int().nullish(),
    acquireTime: z.string().nullish(),
  }),
});

type Lease = z.output<typeof leaseSchema>;

const log = getLogger(["signalbox", "kubernetes"]);

/**
 * One of several replicas leads: the one that has a Lease (coordination.k8s.io) and renews it. What can happen: there is
 * none, or nobody has it; its holder has not renewed it for as long as it says, by our own clock, whatever its clock says;
 * another was faster (409). Whoever cannot renew leads no more, though its lease runs still, until it can.
 */
export class Elector {
  readonly #options: ElectorOptions;
  readonly #path: string;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  /** The lease as it was last seen, and since when it has been so. */
  #seen: { readonly lease: Lease; readonly sinceMs: number } | undefined;
  #isLeader = false;
  #endPause = () => {};

  constructor(options: ElectorOptions) {
    this.#options = options;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${options.namespace}/leases`;
    this.#ended = this.#run();
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  /** Gives the lease up, so that another need not wait for its end. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#endPause();
    await this.#ended;
    const { lease } = this.#seen ?? {};
    const wasLeader = this.#isLeader;
    this.#lead(false);
    if (!wasLeader || !lease) return;
    try {
      await this.#put(lease, { ...lease.spec, holderIdentity: "", leaseDurationSeconds: 1 });
    } catch (thrown) {
      log.info("Cannot give up the lease: {reason}", { reason: KubernetesError.fromFailure(thrown).message });
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let failing = false;
    while (!signal.aborted) {
      let delayMs = RENEW_MS;
      try {
        this.#lead(await this.#tryToHold());
        failing = false;
      } catch (thrown) {
        const { message: reason, status } = KubernetesError.fromFailure(thrown);
        this.#lead(false);
        if (!failing && !signal.aborted) log.warn("Cannot reach the lease: {reason}", { reason, status });
        failing = true;
        delayMs = RETRY_MS;
      }
      if (!signal.aborted) await this.#pause(delayMs);
    }
  }

  /** Whether this replica has the lease now. */
  async #tryToHold(): Promise<boolean> {
    const { identity } = this.#options;
    // Who holds it need not look: another who took it is told of by a conflict.
    if (!this.#isLeader || !this.#seen) await this.#look();
    if (!this.#seen) return await this.#write(() => this.#create());
    const { lease, sinceMs } = this.#seen;
    const { holderIdentity, leaseDurationSeconds, leaseTransitions } = lease.spec;
    const isOurs = holderIdentity === identity;
    const endsAtMs = sinceMs + (leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
    if (!isOurs && holderIdentity && this.#options.nowMs() < endsAtMs) return false;
    const spec = isOurs ? lease.spec : { acquireTime: this.#now(), leaseTransitions: (leaseTransitions ?? 0) + 1 };
    const own = { ...spec, holderIdentity: identity, leaseDurationSeconds: LEASE_SECONDS };
    return await this.#write(() => this.#put(lease, own));
  }

  async #look(): Promise<void> {
    const { client, nowMs } = this.#options;
    try {
      const answer = await client.request(`${this.#path}/${LEASE_NAME}`, { timeoutMs: REQUEST_MS });
      const lease = leaseSchema.parse(answer);
      if (this.#seen?.lease.metadata.resourceVersion === lease.metadata.resourceVersion) return;
      this.#seen = { lease, sinceMs: nowMs() };
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError) || thrown.status !== 404) throw thrown;
      this.#seen = undefined;
    }
  }

  /** False where another was faster. */
  async #write(write: () => Promise<unknown>): Promise<boolean> {
    const startedAtMs = this.#options.nowMs();
    try {
      this.#seen = { lease: leaseSchema.parse(await write()), sinceMs: startedAtMs };
      return true;
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError) || thrown.status !== 409) throw thrown;
      this.#seen = undefined;
      return false;
    }
  }

  #create(): Promise<unknown> {
    const { client, identity } = this.#options;
    const now = this.#now();
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: LEASE_SECONDS,
      leaseTransitions: 0,
      acquireTime: now,
      renewTime: now,
    };
    return client.request(this.#path, {
      method: "POST",
      body: { metadata: { name: LEASE_NAME }, spec },
      timeoutMs: REQUEST_MS,
    });
  }

  #put({ metadata: { resourceVersion } }: Lease, spec: Lease["spec"]): Promise<unknown> {
    return this.#options.client.request(`${this.#path}/${LEASE_NAME}`, {
      method: "PUT",
      body: { metadata: { name: LEASE_NAME, resourceVersion }, spec: { ...spec, renewTime: this.#now() } },
      timeoutMs: REQUEST_MS,
    });
  }

  #lead(isLeader: boolean): void {
    if (this.#isLeader === isLeader) return;
    this.#isLeader = isLeader;
    log.info(isLeader ? "This replica leads" : "This replica leads no more", { identity: this.#options.identity });
    this.#options.onChange(isLeader);
  }

  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(delayMs, resolve);
    this.#endPause = resolve;
    await promise;
    cancel();
  }

  /** As `meta/v1` MicroTime has it. */
  #now(): string {
    return new Date(this.#options.clock.now()).toISOString().replace(/Z$/, "000Z");
  }
}
