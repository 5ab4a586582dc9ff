import type { Change, Cursor } from "../cache/change_log.ts";
import type { Resource } from "../cache/resource.ts";
import { VIRTUAL_HOST } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Bisection } from "./bisect.ts";
import type { StreamEvent } from "./event.ts";
import { Interest } from "./interest.ts";
import type { ClientKnowledge, News } from "./news.ts";
import type { Limits, Ordered } from "./order.ts";
import { Owed } from "./owed.ts";
import { PendingRemovals } from "./pending_removals.ts";
import { Quarantine } from "./quarantine.ts";
import type { ResourceStatus } from "./resource_status.ts";
import { Wording } from "./wording.ts";

interface InFlight {
  readonly news: News;
  /** Where the client was before. */
  readonly from: number;
  /** Where the client is when it has acknowledged. */
  readonly generation: number;
}

/** What one client wants of one type and has not been told yet, or has not answered: the same in both protocols. */
export class Backlog implements Ordered {
  readonly interest: Interest;
  readonly owed = new Owed();
  readonly #view: ResourceView;
  readonly #client: ClientKnowledge;
  readonly #cursor: Cursor;
  readonly #quarantine = new Quarantine();
  readonly #bisection = new Bisection();
  /** Something of a rejected response was not tried again, since a newer state of it is about to be sent. */
  #superseded = false;
  readonly #pending = new PendingRemovals();
  readonly #wording: Wording;
  #settled = -1;
  #inFlight: InFlight | undefined;

  constructor(view: ResourceView, client: ClientKnowledge) {
    this.#view = view;
    this.#client = client;
    this.#cursor = view.log.open();
    this.interest = new Interest(view);
    this.#wording = new Wording(view.typeUrl);
  }

  get settled(): number {
    return this.#settled;
  }

  get cleared(): number {
    return Math.min(this.#settled, this.#pending.earliest - 1);
  }

  get unfinished(): number {
    return this.#quarantine.size + this.#pending.size;
  }

  unsettled(sessionId: string, generation: number): boolean {
    return this.#quarantine.concerns(sessionId, generation);
  }

  uncleared(sessionId: string | undefined): boolean {
    return this.#quarantine.concerns(sessionId) || this.#pending.concerns(sessionId);
  }

  /** True when the client is so far behind that it has to connect anew. */
  get lost(): boolean {
    return this.#cursor.lost;
  }

  close(): void {
    this.#view.log.close(this.#cursor);
  }

  /** The client wants everything; it is owed an answer too, even an empty one, unless `owed` is false. */
  subscribeAll({ owed = true } = {}): void {
    const isPossible = this.interest.wantAll();
    this.owed.all ||= isPossible && owed;
    // Also where there is no such thing as all: nothing is left unanswered.
    this.owed.answer ||= !isPossible || owed;
  }

  unsubscribeAll(): void {
    this.interest.wantNamesOnly();
    const wanted = (name: string) => this.interest.has(name);
    this.owed.keep(wanted);
    this.#pending.keep(wanted);
    this.#quarantine.keep(wanted);
  }

  /** The client does not want this name any more. Unless "*" wants it still, it has dropped it of its own accord. */
  unsubscribe(name: string): void {
    this.interest.names.delete(name);
    if (this.interest.wildcard) return;
    this.owed.delete(name);
    this.#done(name);
  }

  /** The client has this from an earlier stream, and nobody has it any more. */
  outlived(name: string): void {
    this.#pending.add(name, { since: 0, generation: 0 });
  }

  /** The client accepted the news in flight, or rejected it with `error`. Returns what watchers should know. */
  answered(error?: string): readonly StreamEvent[] {
    const inFlight = this.#inFlight;
    if (!inFlight) return [];
    this.#inFlight = undefined;
    const { typeUrl } = this.#view;
    const { from, generation, news: { resources, removed, unknown } } = inFlight;
    const changed = [...resources.map(({ name }) => name), ...removed];
    const events: StreamEvent[] = [];
    if (error === undefined) {
      for (const name of changed) {
        this.#wording.accepted(name);
        this.#done(name);
      }
      events.push({ kind: "acked", typeUrl, from, generation });
    } else {
      events.push({ kind: "nacked", typeUrl, names: [...changed, ...unknown], message: error });
      // What was to go still has to, and was not heard of: but a client that cannot forget is not told so for ever.
      if (resources.length > 0) { for (const name of unknown) this.owed.add(name); }
      else for (const name of removed) this.#pending.delete(name);
      this.#wording.rejected(resources);
      const culprit = this.#bisection.rejected(resources, error);
      if (culprit) {
        if (this.interest.has(culprit.name)) this.#quarantine.reject(culprit, error);
        this.#pending.delete(culprit.name);
        const { name, version, sessionId } = culprit;
        events.push({ kind: "rejected", typeUrl, name, version, sessionId, message: error });
      }
    }
    if (!this.#bisection.active && !this.#superseded) this.#settled = generation;
    return events;
  }

  /**
   * What to send now, if anything; it is then in flight until `answered`. Things that can be owed, in order: the rest
   * of a rejected response; everything; what changed; single names; what waited for others of its session; removals
   * whose turn has come; an answer though it be empty.
   */
  next(limits: Limits): InFlight | undefined {
    if (this.#inFlight || this.lost) return undefined;
    const until = Math.min(limits.upserts, this.#view.log.head);
    if (until < this.#cursor.position) return undefined;
    const from = this.#cursor.position;
    const news = this.#retry(until) ?? this.#collect(until, limits);
    const generation = this.#cursor.position;
    if (!news) this.#settled = generation;
    else {
      const resources = news.resources.map((resource) => this.#wording.of(resource));
      this.#inFlight = { news: { ...news, resources }, from, generation };
    }
    return this.#inFlight;
  }

  /** How far the client is with everything that it gets. */
  *statuses(): Iterable<ResourceStatus> {
    const { typeUrl, log } = this.#view;
    const sent = new Map(this.#inFlight?.news.resources.map(({ name, version }) => [name, version]));
    const unsent = new Set([...this.#bisection.untried.map(({ name }) => name), ...this.#quarantine.waiting.keys()]);
    for (const resource of this.interest.resources()) {
      const { name, version } = resource;
      const error = this.#quarantine.reasonAgainst(resource);
      const isNew = this.owed.has(name) || log.lastChanged(name) > this.#cursor.position;
      if (error !== undefined) yield { typeUrl, resource, status: "ERROR", error };
      else if (sent.get(name) === version) yield { typeUrl, resource, status: "STALE" };
      else yield { typeUrl, resource, status: isNew || unsent.has(name) ? "NOT_SENT" : "SYNCED" };
    }
  }

  /** One part of a rejected response as it was, without what has changed since and may be sent: that comes anew. */
  #retry(until: number): News | undefined {
    for (let batch = this.#bisection.take(); batch; batch = this.#bisection.take()) {
      const wanted = batch.filter(({ name }) => this.interest.has(name));
      const resources = wanted.filter(({ name }) => {
        const changedAt = this.#view.log.lastChanged(name);
        return changedAt <= this.#cursor.position || changedAt > until;
      });
      this.#superseded ||= resources.length < wanted.length;
      if (resources.length > 0) return { resources, removed: [], unknown: [] };
    }
    return undefined;
  }

  #collect(until: number, limits: Limits): News | undefined {
    const changes = this.#view.log.since(this.#cursor.position, until);
    this.#cursor.position = until;
    this.#superseded = false;
    if (changes.length === 0 && this.#isIdle) return undefined;
    const resources = new Map<string, Resource>();
    if (this.owed.all) {
      for (const resource of this.#view.resources()) {
        if (this.#isDue(resource.name, until)) this.#put(resource, limits, resources);
      }
    }
    for (const change of changes) {
      const isWanted = this.interest.has(change.name) ||
        (change.resource !== undefined && this.#client.recalls(change.name));
      if (isWanted) this.#take(change, limits, resources);
    }
    const unknown = this.#payNames(until, limits, resources);
    for (const name of [...this.#quarantine.waiting.keys()]) {
      const resource = this.#view.get(name);
      if (resource && this.#isDue(name, until)) this.#put(resource, limits, resources);
    }
    const removed = this.#removals(limits, resources);
    // Before the first answer removals wait, even if nothing else is to be sent: then for an answer to nothing.
    const asks = this.owed.answer || (this.#pending.size > removed.length && !limits.heard);
    this.owed.all = this.owed.answer = false;
    if (resources.size === 0 && removed.length === 0 && unknown.length === 0 && !asks) return undefined;
    return { resources: [...resources.values()], removed, unknown };
  }

  /** Single names that are owed. Returns those that are not to be had. */
  #payNames(until: number, limits: Limits, resources: Map<string, Resource>): readonly string[] {
    const unknown: string[] = [];
    for (const [name, earlier] of this.owed.names) {
      const isDue = this.#isDue(name, until);
      const isGone = this.#pending.has(name) && !resources.has(name);
      const resource = isDue ? this.#view.get(name) : isGone ? undefined : earlier;
      if (resource && !resources.has(name)) this.#put(resource, limits, resources);
      if (isDue && !isGone && !resources.has(name) && this.#isMissed(resource) && this.#client.misses(name)) {
        unknown.push(name);
      }
      if (isDue || isGone || resource) this.owed.delete(name);
    }
    return unknown;
  }

  /** What the client is to forget now. */
  #removals(limits: Limits, resources: ReadonlyMap<string, Resource>): readonly string[] {
    return this.#pending.due(limits.removals, limits.removalWaits).filter((name) => {
      // What is back by now is not taken away: the log brings it, and until then others wait as for a removal.
      const isBack = this.#view.get(name) !== undefined;
      if (resources.has(name) || (isBack && this.interest.has(name))) return false;
      const isTold = !isBack && this.#client.loses(name);
      if (!isTold) this.#done(name);
      return isTold;
    });
  }

  get #isIdle(): boolean {
    return this.owed.isEmpty && this.#pending.size === 0 && this.#quarantine.waiting.size === 0;
  }

  /** The client has what it should have of this name, or nothing as it should. */
  #done(name: string): void {
    this.#quarantine.release(name);
    this.#pending.delete(name);
  }

  /** False for what has changed after the limit: the log brings it in its time. */
  #isDue(name: string, until: number): boolean {
    return this.#view.log.lastChanged(name) <= until;
  }

  #take({ name, generation, resource, removed }: Change, limits: Limits, resources: Map<string, Resource>): void {
    if (resource) return this.#put(resource, limits, resources);
    // A route as it stood before may lead there: so long it is remembered that the client has it not.
    this.#quarantine.leave(name, generation);
    if (this.#client.loses(name) || this.#quarantine.has(name)) {
      // What came before may not have been accepted either.
      this.#pending.add(name, { since: this.#settled + 1, generation, sessionId: removed?.sessionId });
    }
  }

  /** Adds to `resources` what the client is to be sent now. What is asked for by name is sent even if it was rejected. */
  #put(resource: Resource, limits: Limits, resources: Map<string, Resource>): void {
    const { name } = resource;
    const asked = this.owed.hasName(name);
    this.#quarantine.leave(name, Infinity);
    if (!asked && this.#client.has(resource)) return this.#done(name);
    if (asked || !this.#quarantine.rejects(resource)) {
      // If it was to go, others wait until the client has accepted that it is back.
      if (!limits.upsertWaits(resource, this.#cursor.position)) return void resources.set(name, resource);
      this.#quarantine.hold(resource);
    }
    this.#pending.delete(name);
  }

  /** Envoy holds a request until it is told of its virtual host, if only that there is none; other things can wait. */
  #isMissed(resource: Resource | undefined): boolean {
    return !resource || this.#view.typeUrl === VIRTUAL_HOST;
  }
}
