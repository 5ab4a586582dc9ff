import { Digest } from "../cache/digest.ts";
import type { Resource } from "../cache/resource.ts";
import { CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Backlog } from "./backlog.ts";
import type { StreamEvent } from "./event.ts";
import type { News } from "./news.ts";
import type { Limits } from "./order.ts";
import type { Next, Subscription } from "./stream_types.ts";

/** What one state-of-the-world response tells the client. */
export interface SotwPayload {
  readonly resources: readonly Resource[];
  /** The version of all that the client then has: a digest, the same in every replica. */
  readonly version: string;
}

/** Types of which a response holds everything: what is missing in it is gone. */
const COMPLETE: ReadonlySet<string> = new Set([LISTENER, CLUSTER, SCOPED_ROUTE]);

/**
 * One type on one state-of-the-world stream. It knows what the client has accepted. Responses of some types are complete,
 * and cost as much; others hold what changed, and do not tell what is gone.
 */
export class SotwSubscription implements Subscription<SotwPayload> {
  readonly forgotten = 0;
  readonly backlog: Backlog;
  readonly #view: ResourceView;
  readonly #complete: boolean;
  /** What the client has accepted, and the digest of it. */
  readonly #has = new Map<string, Resource>();
  readonly #digest = new Digest();
  #asksForAll = false;
  #everNamed = false;
  #first = true;
  /** Names in rejected responses: the client may have applied them all the same, until it accepts another state of them. */
  readonly #doubtful = new Set<string>();
  /** The client has come back with another version: what it has, nobody knows until it has accepted something. */
  #stale = false;
  #inFlight: { readonly news: News; readonly payload: SotwPayload } | undefined;

  constructor(view: ResourceView) {
    this.#view = view;
    this.#complete = COMPLETE.has(view.typeUrl);
    this.backlog = new Backlog(view, {
      has: ({ name, version }) => this.#has.get(name)?.version === version && !this.#doubtful.has(name),
      loses: (name) => {
        if (this.#complete) return this.#has.has(name) || this.#doubtful.has(name);
        this.#drop(name);
        return false;
      },
      // What is not there is known by its absence, where responses are complete.
      misses: () => this.#complete,
      recalls: () => false,
    });
  }

  /** The names of a request: each request's are all that the client wants. `version` matters on a stream's first. */
  want(names: readonly string[], version: string): void {
    const first = this.#first;
    this.#first = false;
    if (names.length > 0) this.#everNamed = true;
    // A client that never named anything means "*".
    const all = names.includes("*") || !this.#everNamed;
    const wanted = new Set(names.filter((name) => name !== "*"));
    const dropped = [...this.backlog.interest.names].filter((name) => !wanted.has(name));
    for (const name of dropped) this.backlog.unsubscribe(name);
    for (const name of wanted.difference(this.backlog.interest.names)) {
      this.backlog.interest.names.add(name);
      this.backlog.owed.add(name);
    }
    if (all && !this.#asksForAll) this.backlog.subscribeAll();
    if (!all && this.#asksForAll) this.backlog.unsubscribeAll();
    // What a client does not ask for any more, it has dropped of its own accord.
    const left = this.#asksForAll && !all ? [...this.#has.keys()] : dropped;
    for (const name of left) if (!this.backlog.interest.has(name)) this.#drop(name);
    this.#asksForAll = all;
    if (first && version !== "") this.#resume(version);
  }

  answered(error?: string): readonly StreamEvent[] {
    const inFlight = this.#inFlight;
    this.#inFlight = undefined;
    if (inFlight) {
      const { news, payload } = inFlight;
      // Who rejects nothing but removals is not told of them for ever.
      if (error === undefined || news.resources.length === 0) this.#apply(news, payload);
      else this.#doubt(news);
    }
    return this.backlog.answered(error);
  }

  next(limits: Limits): Next<SotwPayload> | undefined {
    const next = this.backlog.next(limits);
    if (!next) return undefined;
    const { news, generation } = next;
    const payload = this.#payload(news);
    this.#inFlight = { news, payload };
    return { payload, generation };
  }

  /** After a reconnect: a client that has exactly this is sent nothing, but for endpoints that a cluster may wait for. */
  #resume(version: string): void {
    const digest = new Digest();
    const wanted = [...this.backlog.interest.resources()];
    for (const resource of wanted) digest.add(resource.version);
    this.#stale = digest.toString() !== version;
    if (this.#stale) return;
    for (const resource of wanted) this.#take(resource);
    if (this.#view.typeUrl !== ENDPOINT) this.backlog.owed.keep(() => false);
  }

  #payload({ resources, removed }: News): SotwPayload {
    const digest = this.#digest.clone();
    for (const name of [...removed, ...resources.map(({ name }) => name)]) {
      const earlier = this.#has.get(name);
      if (earlier) digest.remove(earlier.version);
    }
    for (const resource of resources) digest.add(resource.version);
    const version = digest.toString();
    if (!this.#complete) return { resources, version };
    const all = new Map(this.#has);
    for (const name of removed) all.delete(name);
    for (const resource of resources) all.set(resource.name, resource);
    return { resources: [...all.values()], version };
  }

  /** Takes all that was in the response for what the client has: it may have dropped and asked for some of it meanwhile. */
  #apply({ removed }: News, { resources }: SotwPayload): void {
    this.#stale = false;
    if (this.#complete) this.#doubtful.clear();
    for (const name of removed) this.#drop(name);
    for (const resource of resources) {
      const { name } = resource;
      if (this.#has.get(name) !== resource && this.backlog.interest.has(name)) this.#take(resource);
    }
  }

  #doubt({ resources, removed }: News): void {
    // What it should not have any more it is told by a response without that, if by no other.
    if (this.#stale && this.#complete) this.backlog.owed.answer = true;
    for (const name of removed) this.#doubtful.add(name);
    // A culprit is one that it has not applied.
    if (resources.length === 1) { for (const { name } of resources) this.#doubtful.delete(name); }
    else for (const { name } of resources) this.#doubtful.add(name);
  }

  #take(resource: Resource): void {
    this.#drop(resource.name);
    this.#has.set(resource.name, resource);
    this.#digest.add(resource.version);
  }

  #drop(name: string): void {
    this.#doubtful.delete(name);
    const earlier = this.#has.get(name);
    if (!earlier) return;
    this.#has.delete(name);
    this.#digest.remove(earlier.version);
  }
}
