import type { Change, Cursor } from "../cache/change_log.ts";
import type { Resource } from "../cache/resource.ts";
import { allowsWildcard, ENDPOINT } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Bisection } from "./bisect.ts";
import type { StreamEvent } from "./event.ts";
import type { Limits } from "./order.ts";
import { Quarantine } from "./quarantine.ts";
import { SendWindow } from "./send_window.ts";

/** What one delta response tells the client. Streams in step share one object, and so its encoded bytes. */
export interface DeltaPayload {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
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
  /** Where the client is when it has acknowledged. */
  readonly generation: number;
}

/** Wildcard readers of the same changes get the same payload. */
const payloads = new WeakMap<readonly Change[], DeltaPayload>();

/** One type on one delta stream: what the client wants, what it was sent, what it said to it. */
export class DeltaSubscription {
  readonly view: ResourceView;
  readonly #cursor: Cursor;
  readonly #names = new Set<string>();
  readonly #quarantine = new Quarantine();
  readonly #bisection = new Bisection();
  readonly #window: SendWindow;
  /** Names whose present state has to be sent, whether or not it changed. */
  readonly #owed = new Set<string>();
  /** Removals that wait for their turn, with their generations. */
  readonly #laterRemovals = new Map<string, number>();
  #wildcard = false;
  #everNamed = false;
  #owesAll = false;
  #owesAnswer = false;
  #first = true;
  #settled = -1;
  #inFlight: InFlight | undefined;

  constructor(view: ResourceView) {
    this.view = view;
    this.#cursor = view.log.open();
    this.#window = new SendWindow(view);
  }

  get settled(): number {
    return this.#settled;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  /** The names subscribed to one by one. */
  get names(): ReadonlySet<string> {
    return this.#names;
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
    // A client that never named anything means "*": how Envoy asks for clusters and listeners.
    if (subscribe.includes("*") || (first && !this.#everNamed)) this.#subscribeAll(had);
    for (const name of subscribe) {
      if (name === "*") continue;
      this.#names.add(name);
      if (this.#hasCurrent(name, had) && !this.#warmsOnResend()) continue;
      this.#owed.add(name);
    }
    for (const name of unsubscribe) {
      if (name === "*") {
        this.#wildcard = false;
        this.#owesAll = false;
        continue;
      }
      this.#names.delete(name);
      // With "*" on, the client drops the name only in part: it waits to be told what "*" says of it.
      if (this.#wildcard) this.#owed.add(name);
      else this.#owed.delete(name);
    }
    // What the client has and nobody has any more, it must be told of, wanted by name or not.
    if (first && !this.#wildcard) {
      for (const name of had.keys()) if (!this.view.get(name)) this.#owed.add(name);
    }
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
    const { resources, removed } = inFlight.payload;
    if (error === undefined) {
      for (const resource of resources) this.#quarantine.release(resource.name);
      this.#settle(inFlight.generation);
      return [{ kind: "acked", typeUrl, generation: inFlight.generation }];
    }
    const names = resources.map((resource) => resource.name);
    const events: StreamEvent[] = [{ kind: "nacked", typeUrl, names: [...names, ...removed], message: error }];
    const culprit = this.#bisection.rejected(names);
    // A client that applied nothing of the response still has what was to go.
    const sendAgain = names.length > 0 ? removed : [];
    for (const name of sendAgain) this.#owed.add(name);
    if (culprit !== undefined) {
      for (const resource of resources) {
        this.#quarantine.add(resource);
        const { name, version, sessionId } = resource;
        events.push({ kind: "rejected", typeUrl, name, version, sessionId, message: error });
      }
    }
    this.#settle(inFlight.generation);
    return events;
  }

  /**
   * What to send now, if anything; it is then in flight until `answered`. Things that can be owed, in order: the rest
   * of a rejected response, everything (a new wildcard), single names, what the log has, an answer though it be empty.
   */
  next(limits: Limits): { readonly payload: DeltaPayload; readonly generation: number } | undefined {
    if (this.#inFlight) return undefined;
    const until = this.#window.until(limits.upserts, this.#cursor.position);
    if (until < this.#cursor.position) return undefined;
    const payload = this.#retry() ?? this.#compose(until, limits);
    if (!payload) {
      this.#settle(this.#cursor.position);
      return undefined;
    }
    this.#owesAnswer = false;
    this.#inFlight = { payload, generation: this.#cursor.position };
    return this.#inFlight;
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
    for (const [name, version] of had) if (this.view.get(name)?.version !== version) this.#owed.add(name);
    if (had.size !== this.view.size || this.#owed.size > 0) {
      for (const { name } of this.view.resources()) if (!had.has(name)) this.#owed.add(name);
    }
  }

  #hasCurrent(name: string, had: ReadonlyMap<string, string>): boolean {
    const version = had.get(name);
    return version !== undefined && version === this.view.get(name)?.version;
  }

  /** Envoy may hold a cluster that waits for its endpoints, even though it has had them before. */
  #warmsOnResend(): boolean {
    return this.view.typeUrl === ENDPOINT;
  }

  /** One part of a rejected response, without what has changed since: that comes with its change. */
  #retry(): DeltaPayload | undefined {
    for (let batch = this.#bisection.take(); batch; batch = this.#bisection.take()) {
      const resources = batch
        .map((name) => this.view.get(name))
        .filter((resource) => resource !== undefined)
        .filter(({ name }) => this.#interested(name) && this.view.log.lastChanged(name) <= this.#cursor.position)
        .filter((resource) => !this.#quarantine.holds(resource));
      if (resources.length > 0) return { resources, removed: [] };
    }
    return undefined;
  }

  #interested(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  #compose(until: number, limits: Limits): DeltaPayload | undefined {
    const changes = this.view.log.since(this.#cursor.position, until);
    const payload = this.#sharedPayload(changes, limits) ?? this.#ownPayload(changes, until, limits);
    this.#cursor.position = until;
    if (payload.resources.length > 0 || payload.removed.length > 0) return payload;
    return this.#owesAnswer ? payload : undefined;
  }

  /** The usual case: a wildcard client that has everything up to here, and nothing special about it. */
  #sharedPayload(changes: readonly Change[], limits: Limits): DeltaPayload | undefined {
    const plain = this.#wildcard && !this.#owesAll && this.#names.size === 0 && this.#owed.size === 0 &&
      this.#laterRemovals.size === 0 && this.#quarantine.size === 0;
    if (!plain) return undefined;
    const known = payloads.get(changes);
    const payload = known ?? {
      resources: changes.map((change) => change.resource).filter((resource) => resource !== undefined),
      removed: changes.filter((change) => !change.resource).map((change) => change.name),
    };
    if (!known) payloads.set(changes, payload);
    if (payload.removed.length === 0) return payload;
    const allowed = changes.every((change) => change.resource || change.generation <= limits.removals);
    return allowed ? payload : undefined;
  }

  #ownPayload(changes: readonly Change[], until: number, limits: Limits): DeltaPayload {
    const resources = new Map<string, Resource>();
    const removed = new Set<string>();
    const add = (resource: Resource) => {
      if (!this.#quarantine.holds(resource)) resources.set(resource.name, resource);
    };
    const drop = (name: string, generation: number) => {
      if (generation <= limits.removals) removed.add(name);
      else this.#laterRemovals.set(name, generation);
    };
    if (this.#owesAll) {
      this.#owesAll = false;
      for (const resource of this.view.resources()) if (this.#isDue(resource.name, until)) add(resource);
    }
    for (const { name, generation, resource } of changes) {
      if (!this.#interested(name)) continue;
      this.#laterRemovals.delete(name);
      if (resource) add(resource);
      else drop(name, generation);
    }
    for (const name of this.#owed) {
      if (!this.#isDue(name, until)) continue;
      const resource = this.view.get(name);
      if (resource) add(resource);
      // An unknown name is answered at once; only what the client may be using waits.
      else if (this.#names.has(name)) removed.add(name);
      else drop(name, this.view.log.lastChanged(name));
    }
    this.#owed.clear();
    for (const [name, generation] of this.#laterRemovals) {
      if (generation > limits.removals) continue;
      this.#laterRemovals.delete(name);
      if (!this.view.get(name)) removed.add(name);
    }
    for (const name of removed) this.#quarantine.release(name);
    return { resources: [...resources.values()], removed: [...removed] };
  }

  /** False for what has changed after the limit: the log brings it in its time. */
  #isDue(name: string, until: number): boolean {
    return this.view.log.lastChanged(name) <= until;
  }
}
