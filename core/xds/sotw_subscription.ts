import type { Cursor } from "../cache/change_log.ts";
import { Digest } from "../cache/digest.ts";
import type { Resource } from "../cache/resource.ts";
import { allowsWildcard, CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Bisection } from "./bisect.ts";
import type { StreamEvent } from "./event.ts";
import type { Limits, Ordered } from "./order.ts";
import { PendingRemovals } from "./pending_removals.ts";
import { Quarantine } from "./quarantine.ts";
import type { ResourceStatus } from "./resource_status.ts";

/** What one state-of-the-world response tells the client. */
export interface SotwPayload {
  readonly resources: readonly Resource[];
  /** The version of all that the client then has: a digest, the same in every replica. */
  readonly version: string;
}

type State = ReadonlyMap<string, Resource>;

interface InFlight {
  /** What the client has when it accepts. */
  readonly target: State;
  readonly payload: SotwPayload;
  /** What is news in it. */
  readonly suspects: readonly Resource[];
  readonly removed: readonly string[];
  /** Where the client was before. */
  readonly from: number;
  readonly generation: number;
}

/** Types of which a response holds everything: what is missing in it is gone. */
const COMPLETE: ReadonlySet<string> = new Set([LISTENER, CLUSTER, SCOPED_ROUTE]);

/**
 * One type on one state-of-the-world stream. It knows what the client has accepted, and brings that up to date. A
 * change costs O(resources) for types whose responses are complete, as the responses themselves do.
 */
export class SotwSubscription implements Ordered {
  readonly view: ResourceView;
  readonly #cursor: Cursor;
  readonly #quarantine = new Quarantine();
  readonly #bisection = new Bisection();
  readonly #pending = new PendingRemovals();
  /** Names asked for since they were last sent: sent even if the client should have them. */
  readonly #owed = new Set<string>();
  #accepted: State = new Map();
  #acceptedVersion: string | undefined;
  #names: ReadonlySet<string> = new Set();
  #wildcard = false;
  #asksForAll = false;
  #everNamed = false;
  /** What the client wants has changed: the log alone does not tell what it should have. */
  #resync = false;
  #owesAnswer = false;
  #settled = -1;
  #inFlight: InFlight | undefined;

  constructor(view: ResourceView) {
    this.view = view;
    this.#cursor = view.log.open();
  }

  get settled(): number {
    return this.#settled;
  }

  get cleared(): number {
    return Math.min(this.#settled, this.#pending.earliest - 1);
  }

  get lost(): boolean {
    return this.#cursor.lost;
  }

  close(): void {
    this.view.log.close(this.#cursor);
  }

  /** The names of a request: each request's are all that the client wants. `version` matters on a stream's first. */
  want(names: readonly string[], options: { readonly first: boolean; readonly version: string }): void {
    if (names.length > 0) this.#everNamed = true;
    const all = names.includes("*") || !this.#everNamed;
    // Also where there is no such thing as all: nothing is left unanswered.
    if (all && !this.#asksForAll) this.#owesAnswer = true;
    const wildcard = all && allowsWildcard(this.view.typeUrl);
    const wanted = new Set(names.filter((name) => name !== "*"));
    const added = wanted.difference(this.#names);
    if (added.size > 0 || wanted.size < this.#names.size || wildcard !== this.#wildcard) this.#resync = true;
    for (const name of added) {
      this.#owed.add(name);
      this.#quarantine.release(name);
      // What there is not is known by its absence, where responses are complete.
      if (this.#complete && !this.view.get(name)) this.#owesAnswer = true;
    }
    for (const name of this.#owed) if (!wanted.has(name)) this.#owed.delete(name);
    this.#asksForAll = all;
    this.#wildcard = wildcard;
    this.#names = wanted;
    if (options.first && options.version !== "") this.#resume(options.version);
  }

  answered(error?: string): readonly StreamEvent[] {
    const inFlight = this.#inFlight;
    if (!inFlight) return [];
    this.#inFlight = undefined;
    const { typeUrl } = this.view;
    const { target, payload, suspects, removed, from, generation } = inFlight;
    if (error === undefined) {
      for (const { name } of suspects) this.#quarantine.release(name);
      for (const name of removed) this.#pending.delete(name);
      this.#accept(target, payload.version);
      this.#settle(generation);
      return [{ kind: "acked", typeUrl, from, generation }];
    }
    const names = [...suspects.map(({ name }) => name), ...removed];
    const events: StreamEvent[] = [{ kind: "nacked", typeUrl, names, message: error }];
    const culprit = this.#bisection.rejected(suspects);
    if (culprit) {
      this.#quarantine.add(culprit, error);
      const { name, version, sessionId } = culprit;
      events.push({ kind: "rejected", typeUrl, name, version, sessionId, generation, message: error });
    } else if (suspects.length === 0) {
      // A client that cannot forget something is not told so for ever.
      for (const name of removed) this.#pending.delete(name);
      this.#accept(target, payload.version);
    }
    this.#settle(generation);
    return events;
  }

  /**
   * What to send now, if anything; it is then in flight until `answered`. In order: the rest of a rejected response;
   * then what has changed, what was asked for anew, removals that had to wait, an answer though it be empty.
   */
  next(limits: Limits): { readonly payload: SotwPayload; readonly generation: number } | undefined {
    if (this.#inFlight) return undefined;
    const until = Math.min(limits.upserts, this.view.log.head);
    if (until < this.#cursor.position) return undefined;
    this.#inFlight = this.#retry(until) ?? this.#compose(until, limits);
    if (!this.#inFlight) this.#settle(this.#cursor.position);
    return this.#inFlight;
  }

  /** How far the client is with everything that it gets. */
  *statuses(): Iterable<ResourceStatus> {
    const { typeUrl } = this.view;
    const sent = new Set(this.#inFlight?.suspects);
    for (const resource of this.#wanted()) {
      const error = this.#quarantine.reasonAgainst(resource);
      const has = this.#accepted.get(resource.name)?.version === resource.version;
      if (error !== undefined) yield { typeUrl, resource, status: "ERROR", error };
      else yield { typeUrl, resource, status: sent.has(resource) ? "STALE" : has ? "SYNCED" : "NOT_SENT" };
    }
  }

  get #complete(): boolean {
    return COMPLETE.has(this.view.typeUrl);
  }

  #settle(generation: number): void {
    if (!this.#bisection.active && !this.#owesAnswer) this.#settled = generation;
  }

  #accept(state: State, version: string): void {
    this.#accepted = state;
    this.#acceptedVersion = version;
  }

  #interested(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  /** After a reconnect: a client that has exactly this is sent nothing, but for endpoints that a cluster may wait for. */
  #resume(version: string): void {
    const state = new Map<string, Resource>();
    for (const resource of this.#wanted()) state.set(resource.name, resource);
    if (versionOf(state) !== version) return;
    if (this.view.typeUrl !== ENDPOINT) this.#owed.clear();
    this.#resync = false;
    this.#owesAnswer = false;
    this.#accept(state, version);
  }

  /** What the client asks for, as it is now. */
  *#wanted(): Iterable<Resource> {
    if (this.#wildcard) return yield* this.view.resources();
    for (const name of this.#names) {
      const resource = this.view.get(name);
      if (resource) yield resource;
    }
  }

  /** One part of a rejected response as it was, on top of what the client has. */
  #retry(until: number): InFlight | undefined {
    for (let batch = this.#bisection.take(); batch; batch = this.#bisection.take()) {
      const resources = batch.filter((resource) => {
        const changedAt = this.view.log.lastChanged(resource.name);
        const renewed = changedAt > this.#cursor.position && changedAt <= until;
        return !renewed && this.#interested(resource.name) && !this.#quarantine.holds(resource);
      });
      if (resources.length === 0) continue;
      const target = new Map(this.#accepted);
      for (const resource of resources) target.set(resource.name, resource);
      return this.#respond(target, resources, [], this.#cursor.position);
    }
    return undefined;
  }

  #compose(until: number, limits: Limits): InFlight | undefined {
    const from = this.#cursor.position;
    const changes = this.view.log.since(from, until);
    this.#cursor.position = until;
    const removable = () => [...this.#pending.upTo(limits.removals)].filter((name) => this.#accepted.has(name));
    const idle = changes.length === 0 && !this.#resync && !this.#owesAnswer && this.#owed.size === 0;
    if (idle && removable().length === 0) return undefined;

    const target = new Map(this.#accepted);
    const news = new Map<string, Resource>();
    const put = (resource: Resource) => {
      this.#pending.delete(resource.name);
      if (this.#quarantine.holds(resource)) return;
      target.set(resource.name, resource);
      if (this.#accepted.get(resource.name)?.version !== resource.version) news.set(resource.name, resource);
    };
    if (this.#resync) {
      // What the client does not ask for any more it has dropped of its own accord.
      for (const name of this.#accepted.keys()) if (!this.#interested(name)) target.delete(name);
      this.#pending.keep((name) => this.#interested(name));
      // What has changed after the limit the log brings in its time.
      for (const resource of this.#wanted()) if (this.view.log.lastChanged(resource.name) <= until) put(resource);
      this.#resync = false;
      this.#accepted = new Map(target);
      for (const name of news.keys()) (this.#accepted as Map<string, Resource>).delete(name);
    }
    for (const { name, generation, resource } of changes) {
      if (!this.#interested(name)) continue;
      if (resource) put(resource);
      else if (target.has(name)) this.#pending.add(name, generation);
    }
    const removed = removable();
    for (const name of removed) target.delete(name);
    for (const name of this.#owed) {
      const resource = target.get(name);
      if (resource) news.set(name, resource);
      if (resource || !this.view.get(name)) this.#owed.delete(name);
    }
    const suspects = [...news.values()];
    const needed = suspects.length > 0 || (this.#complete && removed.length > 0) ||
      (this.#owesAnswer && versionOf(target) !== this.#acceptedVersion);
    this.#owesAnswer = false;
    if (needed) return this.#respond(target, suspects, removed, from);
    // Where responses need not be complete, a client is not told of removals.
    for (const name of removed) this.#pending.delete(name);
    this.#accepted = target;
    return undefined;
  }

  #respond(target: State, suspects: readonly Resource[], removed: readonly string[], from: number): InFlight {
    const payload = { resources: this.#complete ? [...target.values()] : suspects, version: versionOf(target) };
    return { target, payload, suspects, removed, from, generation: this.#cursor.position };
  }
}

function versionOf(state: State): string {
  const digest = new Digest();
  for (const { version } of state.values()) digest.add(version);
  return digest.toString();
}
