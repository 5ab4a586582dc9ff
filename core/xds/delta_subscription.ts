import type { Change, Cursor } from "../cache/change_log.ts";
import type { Resource } from "../cache/resource.ts";
import { allowsWildcard, ENDPOINT, VIRTUAL_HOST } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Bisection } from "./bisect.ts";
import type { StreamEvent } from "./event.ts";
import type { Limits, Ordered } from "./order.ts";
import { PendingRemovals } from "./pending_removals.ts";
import { Quarantine } from "./quarantine.ts";
import type { ResourceStatus } from "./resource_status.ts";
import { UnknownNames } from "./unknown_names.ts";

/** What one delta response tells the client. Streams in step share one object, and so its encoded bytes. */
export interface DeltaPayload {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Virtual hosts that there are not: Envoy lets a request go on only when it is told so by a resource without a body. */
  readonly unknown: readonly string[];
}

/** What a request says about what the client wants. */
export interface Interest {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Version by name, of what the client still has from an earlier stream; first request of a type only. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

interface InFlight {
  readonly payload: DeltaPayload;
  /** Where the client was before. */
  readonly from: number;
  /** Where the client is when it has acknowledged. */
  readonly generation: number;
}

/** Wildcard readers of the same changes get the same payload. */
const payloads = new WeakMap<readonly Change[], DeltaPayload>();

/** One type on one delta stream: what the client wants, what it was sent, what it said to it. */
export class DeltaSubscription implements Ordered {
  readonly view: ResourceView;
  readonly #cursor: Cursor;
  readonly #names = new Set<string>();
  readonly #unknown: UnknownNames;
  readonly #quarantine = new Quarantine();
  readonly #bisection = new Bisection();
  /** Names whose present state has to be sent, whether or not it changed. */
  readonly #owed = new Set<string>();
  readonly #pending = new PendingRemovals();
  #wildcard = false;
  #everNamed = false;
  #owesAll = false;
  #owesAnswer = false;
  #first = true;
  /**
   * What went while the client was away goes only after its first ACK: by then it has said what else it subscribes to,
   * which may name what is to go.
   */
  #holdsRemovals = false;
  #settled = -1;
  #forgotten = 0;
  #inFlight: InFlight | undefined;

  constructor(view: ResourceView, options: { readonly maxUnknownNames?: number } = {}) {
    this.view = view;
    this.#cursor = view.log.open();
    this.#unknown = new UnknownNames(options.maxUnknownNames);
  }

  get settled(): number {
    return this.#settled;
  }

  get cleared(): number {
    return Math.min(this.#settled, this.#pending.earliest - 1);
  }

  /** How many names were forgotten, because the client asked for too many that nobody has. */
  get forgotten(): number {
    return this.#forgotten;
  }

  get lost(): boolean {
    return this.#cursor.lost;
  }

  close(): void {
    this.view.log.close(this.#cursor);
  }

  /** Subscriptions count whatever the request's nonce. */
  want({ subscribe, unsubscribe, initialVersions }: Interest): void {
    const first = this.#first;
    this.#first = false;
    const had = first ? new Map(Object.entries(initialVersions)) : new Map<string, string>();
    if (subscribe.length > 0) this.#everNamed = true;
    // What the client has and nobody has any more, it must be told of, wanted by name or not.
    for (const name of had.keys()) {
      if (!this.view.get(name)) this.#pending.add(name, this.view.log.lastChanged(name));
    }
    if (this.#pending.size > 0 && first) this.#holdsRemovals = this.#owesAnswer = true;
    // A client that never named anything means "*": how Envoy asks for clusters and listeners.
    if (subscribe.includes("*") || (first && !this.#everNamed)) this.#subscribeAll(had);
    for (const name of subscribe) if (name !== "*") this.#subscribe(name, had);
    for (const name of unsubscribe) if (name !== "*") this.#unsubscribe(name);
    if (unsubscribe.includes("*")) this.#unsubscribeAll();
  }

  /**
   * The client accepted the response in flight, or rejected it with `error`.
   * @returns what watchers should know.
   */
  answered(error?: string): readonly StreamEvent[] {
    const inFlight = this.#inFlight;
    if (!inFlight) return [];
    this.#inFlight = undefined;
    const { typeUrl } = this.view;
    const { from, generation, payload: { resources, removed, unknown } } = inFlight;
    if (error === undefined) {
      this.#holdsRemovals = false;
      for (const { name } of resources) this.#quarantine.release(name);
      for (const name of removed) this.#pending.delete(name);
      this.#settle(generation);
      return [{ kind: "acked", typeUrl, from, generation }];
    }
    const names = [...resources.map(({ name }) => name), ...removed, ...unknown];
    const events: StreamEvent[] = [{ kind: "nacked", typeUrl, names, message: error }];
    if (resources.length === 0) {
      // A client that cannot forget something is not told so for ever.
      for (const name of removed) this.#pending.delete(name);
    } else {
      // It applied nothing of the response: what was to go is still there, and what was answered was not heard.
      for (const name of removed) if (!this.#pending.has(name)) this.#pending.add(name, from + 1);
      for (const name of unknown) this.#owed.add(name);
    }
    const culprit = this.#bisection.rejected(resources);
    if (culprit) {
      this.#quarantine.add(culprit, error);
      const { name, version, sessionId } = culprit;
      events.push({ kind: "rejected", typeUrl, name, version, sessionId, generation, message: error });
    }
    this.#settle(generation);
    return events;
  }

  /**
   * What to send now, if anything; it is then in flight until `answered`. Things that can be owed, in order: the rest
   * of a rejected response, everything (a new wildcard), single names, what the log has, removals that had to wait, an
   * answer though it be empty.
   */
  next(limits: Limits): { readonly payload: DeltaPayload; readonly generation: number } | undefined {
    if (this.#inFlight) return undefined;
    const until = Math.min(limits.upserts, this.view.log.head);
    if (until < this.#cursor.position) return undefined;
    const from = this.#cursor.position;
    const payload = this.#retry(until) ?? this.#compose(until, limits);
    if (!payload) {
      this.#settle(this.#cursor.position);
      return undefined;
    }
    this.#inFlight = { payload, from, generation: this.#cursor.position };
    return this.#inFlight;
  }

  /** How far the client is with everything that it gets. */
  *statuses(): Iterable<ResourceStatus> {
    const { typeUrl, log } = this.view;
    const sent = new Set(this.#inFlight?.payload.resources);
    for (const resource of this.#wildcard ? this.view.resources() : this.#named()) {
      const error = this.#quarantine.reasonAgainst(resource);
      const waits = this.#owesAll || this.#owed.has(resource.name) ||
        log.lastChanged(resource.name) > this.#cursor.position || this.#bisection.holds(resource);
      if (error !== undefined) yield { typeUrl, resource, status: "ERROR", error };
      else yield { typeUrl, resource, status: sent.has(resource) ? "STALE" : waits ? "NOT_SENT" : "SYNCED" };
    }
  }

  *#named(): Iterable<Resource> {
    for (const name of this.#names) {
      const resource = this.view.get(name);
      if (resource) yield resource;
    }
  }

  #settle(generation: number): void {
    if (!this.#bisection.active && !this.#owesAnswer) this.#settled = generation;
  }

  #subscribeAll(had: ReadonlyMap<string, string>): void {
    if (!allowsWildcard(this.view.typeUrl)) {
      this.#owesAnswer = true;
      return;
    }
    this.#wildcard = true;
    if (had.size === 0) {
      this.#owesAll = true;
      this.#owesAnswer = true;
      return;
    }
    for (const { name, version } of this.view.resources()) if (had.get(name) !== version) this.#owed.add(name);
  }

  #subscribe(name: string, had: ReadonlyMap<string, string>): void {
    this.#names.add(name);
    const version = had.get(name);
    const current = this.view.get(name);
    // Gone while the client was away: it waits among the removals.
    if (version !== undefined && !current) return;
    // Envoy may hold a cluster that waits for its endpoints, even though it has had them before.
    if (version !== undefined && version === current?.version && this.view.typeUrl !== ENDPOINT) return;
    // It may have thrown away what it rejected along with the subscription.
    this.#quarantine.release(name);
    this.#owed.add(name);
  }

  #unsubscribe(name: string): void {
    this.#names.delete(name);
    this.#unknown.delete(name);
    // With "*" on, the client drops the name only in part: it waits to be told what "*" says of it.
    if (this.#wildcard) this.#owed.add(name);
    else this.#forget(name);
  }

  #unsubscribeAll(): void {
    this.#wildcard = false;
    this.#owesAll = false;
    this.#owesAnswer = false;
    for (const name of this.#owed) if (!this.#names.has(name)) this.#forget(name);
    this.#pending.keep((name) => this.#names.has(name));
  }

  /** The client has dropped it of its own accord. */
  #forget(name: string): void {
    this.#owed.delete(name);
    this.#pending.delete(name);
    this.#quarantine.release(name);
  }

  #interested(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** One part of a rejected response as it was, without what has changed since and may be sent: that comes anew. */
  #retry(until: number): DeltaPayload | undefined {
    for (let batch = this.#bisection.take(); batch; batch = this.#bisection.take()) {
      const resources = batch.filter((resource) => {
        const changedAt = this.view.log.lastChanged(resource.name);
        const renewed = changedAt > this.#cursor.position && changedAt <= until;
        return !renewed && this.#interested(resource.name) && !this.#quarantine.holds(resource);
      });
      if (resources.length > 0) return { resources, removed: [], unknown: [] };
    }
    return undefined;
  }

  #compose(until: number, limits: Limits): DeltaPayload | undefined {
    const changes = this.view.log.since(this.#cursor.position, until);
    const payload = this.#sharedPayload(changes, limits) ?? this.#ownPayload(changes, until, limits);
    this.#cursor.position = until;
    const empty = payload.resources.length === 0 && payload.removed.length === 0 && payload.unknown.length === 0;
    if (empty && !this.#owesAnswer) return undefined;
    this.#owesAnswer = false;
    return payload;
  }

  /** The usual case: a wildcard client that has everything up to here, and nothing special about it. */
  #sharedPayload(changes: readonly Change[], limits: Limits): DeltaPayload | undefined {
    const plain = this.#wildcard && !this.#owesAll && this.#names.size === 0 && this.#owed.size === 0 &&
      this.#pending.size === 0 && this.#quarantine.size === 0;
    if (!plain) return undefined;
    const known = payloads.get(changes);
    const payload = known ?? {
      resources: changes.map((change) => change.resource).filter((resource) => resource !== undefined),
      removed: changes.filter((change) => !change.resource).map((change) => change.name),
      unknown: [],
    };
    if (!known) payloads.set(changes, payload);
    if (payload.removed.length === 0) return payload;
    const allowed = changes.every((change) => change.resource || change.generation <= limits.removals);
    return allowed ? payload : undefined;
  }

  #ownPayload(changes: readonly Change[], until: number, limits: Limits): DeltaPayload {
    const resources = new Map<string, Resource>();
    const absent: string[] = [];
    const add = (resource: Resource) => {
      this.#pending.delete(resource.name);
      this.#unknown.delete(resource.name);
      if (!this.#quarantine.holds(resource)) resources.set(resource.name, resource);
    };
    if (this.#owesAll) {
      this.#owesAll = false;
      for (const resource of this.view.resources()) if (this.#isDue(resource.name, until)) add(resource);
    }
    for (const { name, generation, resource } of changes) {
      if (!this.#interested(name)) continue;
      if (resource) add(resource);
      else this.#pending.add(name, generation);
    }
    for (const name of this.#owed) {
      if (!this.#isDue(name, until)) continue;
      const resource = this.view.get(name);
      if (resource) add(resource);
      // The client does not have it, so nothing that it has can lead there: no turn to wait for.
      else if (!this.#pending.has(name)) absent.push(name);
    }
    this.#owed.clear();
    const removed = this.#holdsRemovals ? [] : [...this.#pending.upTo(limits.removals)];
    for (const name of removed) this.#quarantine.release(name);
    for (const name of [...removed, ...absent]) if (this.#names.has(name)) this.#noteUnknown(name);
    // Removals of virtual hosts are removals; what was asked for and never was is answered otherwise.
    return this.view.typeUrl === VIRTUAL_HOST
      ? { resources: [...resources.values()], removed, unknown: absent }
      : { resources: [...resources.values()], removed: [...removed, ...absent], unknown: [] };
  }

  /** False for what has changed after the limit: the log brings it in its time. */
  #isDue(name: string, until: number): boolean {
    return this.view.log.lastChanged(name) <= until;
  }

  #noteUnknown(name: string): void {
    const forgotten = this.#unknown.add(name);
    if (forgotten === undefined) return;
    this.#names.delete(forgotten);
    this.#forgotten++;
  }
}
