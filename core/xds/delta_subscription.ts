import type { Resource } from "../cache/resource.ts";
import { ENDPOINT, VIRTUAL_HOST } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Backlog } from "./backlog.ts";
import type { StreamEvent } from "./event.ts";
import type { News } from "./news.ts";
import type { Limits } from "./order.ts";
import type { Next, Subscription } from "./stream_types.ts";
import { UnknownNames } from "./unknown_names.ts";

/** What one delta response tells the client. Streams in step share one object, and so its encoded bytes. */
export interface DeltaPayload {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Virtual hosts that there are not: Envoy lets a request go on only when it is told so by a resource without a body. */
  readonly unknown: readonly string[];
}

/** What a request says about what the client wants. */
export interface InterestChange {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** Version by name, of what the client still has from an earlier stream; first request of a type only. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

export interface DeltaOptions {
  /** How many names that nobody has are remembered for the client, of each type; absent: all. */
  readonly maxUnknownNames?: number;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** One type on one delta stream. Of what the client has it knows no more than a position in the change log. */
export class DeltaSubscription implements Subscription<DeltaPayload> {
  readonly backlog: Backlog;
  readonly #view: ResourceView;
  readonly #unknown: UnknownNames;
  #everNamed = false;
  #first = true;
  #forgotten = 0;

  constructor(view: ResourceView, options: DeltaOptions = {}) {
    this.#view = view;
    this.#unknown = new UnknownNames(options.maxUnknownNames ?? Infinity);
    const misses = (name: string) => {
      if (this.backlog.interest.names.has(name)) this.#noteUnknown(name);
      return true;
    };
    this.backlog = new Backlog(view, {
      has: () => false,
      loses: misses,
      misses,
      recalls: (name) => this.#recall(name),
    });
  }

  get forgotten(): number {
    return this.#forgotten;
  }

  /** Subscriptions count whatever the request's nonce. */
  want({ subscribe, unsubscribe, initialVersions }: InterestChange): void {
    const first = this.#first;
    this.#first = false;
    const had = first ? new Map(Object.entries(initialVersions)) : NOTHING;
    if (subscribe.length > 0) this.#everNamed = true;
    // What the client has and nobody has any more, it must be told of, wanted by name or not.
    for (const name of had.keys()) if (!this.#view.get(name)) this.backlog.outlived(name);
    // A client that never named anything means "*": how Envoy asks for clusters and listeners.
    if (subscribe.includes("*") || (first && !this.#everNamed)) this.#subscribeAll(had);
    for (const name of subscribe) if (name !== "*") this.#subscribe(name, had);
    for (const name of unsubscribe) if (name !== "*") this.#unsubscribe(name);
    if (unsubscribe.includes("*")) this.backlog.unsubscribeAll();
  }

  answered(error?: string): readonly StreamEvent[] {
    return this.backlog.answered(error);
  }

  next(limits: Limits): Next<DeltaPayload> | undefined {
    const next = this.backlog.next(limits);
    return next && { payload: shared(this.#view, this.#payload(next.news)), generation: next.generation };
  }

  #subscribeAll(had: ReadonlyMap<string, string>): void {
    const { wildcard } = this.#view;
    if (wildcard !== "all") {
      this.backlog.owed.answer ||= had.size === 0;
      for (const name of wildcard) this.#subscribe(name, had);
      return;
    }
    this.backlog.subscribeAll({ owed: had.size === 0 });
    if (!this.backlog.interest.wildcard || had.size === 0) return;
    for (const resource of this.#view.resources()) {
      if (had.get(resource.name) !== resource.version) this.backlog.owed.addOutdated(resource);
    }
  }

  #subscribe(name: string, had: ReadonlyMap<string, string>): void {
    this.backlog.interest.names.add(name);
    const version = had.get(name);
    const resource = this.#view.get(name);
    if (version === undefined) this.backlog.owed.add(name);
    // It waits among the removals.
    else if (!resource) this.#noteUnknown(name);
    // Envoy may hold a cluster that waits for its endpoints, even though it has had them before.
    else if (resource.version !== version || this.#view.typeUrl === ENDPOINT) this.backlog.owed.addOutdated(resource);
  }

  #unsubscribe(name: string): void {
    this.backlog.unsubscribe(name);
    this.#unknown.delete(name);
    // With "*" on, the client drops the name only in part: it waits to be told what "*" says of it.
    if (this.backlog.interest.wildcard) this.backlog.owed.add(name);
  }

  /** The client may have asked for it, and Envoy does not ask again; one that did not takes no notice. */
  #recall(name: string): boolean {
    if (!this.#unknown.mayHaveForgotten(name)) return false;
    this.backlog.interest.names.add(name);
    return true;
  }

  #noteUnknown(name: string): void {
    const forgotten = this.#unknown.add(name);
    if (forgotten === undefined || this.#view.get(forgotten)) return;
    this.backlog.interest.names.delete(forgotten);
    this.#forgotten++;
  }

  /** Virtual hosts that are not to be had are told in their own way. */
  #payload(news: News): DeltaPayload {
    const { resources, removed, unknown } = news;
    if (this.#view.typeUrl === VIRTUAL_HOST || unknown.length === 0) return news;
    return { resources, removed: [...removed, ...unknown], unknown: [] };
  }
}

const latest = new WeakMap<ResourceView, DeltaPayload>();

/** Clients that are told the same, one after the other, get the same object. */
function shared(view: ResourceView, payload: DeltaPayload): DeltaPayload {
  const known = latest.get(view);
  const same = known && isSame(known.resources, payload.resources) && isSame(known.removed, payload.removed) &&
    isSame(known.unknown, payload.unknown);
  if (same) return known;
  latest.set(view, payload);
  return payload;
}

function isSame(these: readonly unknown[], those: readonly unknown[]): boolean {
  return these.length === those.length && these.every((item, index) => item === those[index]);
}
