import type { Cursor } from "../cache/change_log.ts";
import { Digest } from "../cache/digest.ts";
import type { Resource } from "../cache/resource.ts";
import { allowsWildcard, CLUSTER, ENDPOINT, LISTENER, SCOPED_ROUTE } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import { Bisection } from "./bisect.ts";
import type { StreamEvent } from "./event.ts";
import type { Limits } from "./order.ts";
import { Quarantine } from "./quarantine.ts";
import { SendWindow } from "./send_window.ts";

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
  readonly version: string;
  /** Names that differ from what it has accepted. */
  readonly changed: readonly string[];
  readonly generation: number;
}

/** Types of which a response holds everything: what is missing in it is gone. */
const COMPLETE: ReadonlySet<string> = new Set([LISTENER, CLUSTER, SCOPED_ROUTE]);

/**
 * One type on one state-of-the-world stream. It knows what the client has accepted, and sends the difference to what
 * it should have. That costs O(resources) a change, as the protocol's own responses do.
 */
export class SotwSubscription {
  readonly view: ResourceView;
  readonly #cursor: Cursor;
  readonly #window: SendWindow;
  readonly #quarantine = new Quarantine();
  readonly #bisection = new Bisection();
  /** Names asked for since the last response: sent even if the client should have them. */
  readonly #owed = new Set<string>();
  /** When something that the client still has was removed, for the order of removals. */
  readonly #removedAt = new Map<string, number>();
  #accepted: State = new Map();
  #acceptedVersion: string | undefined;
  #names: ReadonlySet<string> = new Set();
  #wildcard = false;
  #everNamed = false;
  #owesAnswer = false;
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
    if (all && !this.#wildcard) this.#owesAnswer = true;
    this.#wildcard = all && allowsWildcard(this.view.typeUrl);
    const wanted = new Set(names.filter((name) => name !== "*"));
    for (const name of wanted) if (!this.#names.has(name)) this.#owed.add(name);
    for (const name of this.#owed) if (!wanted.has(name)) this.#owed.delete(name);
    this.#names = wanted;
    if (!options.first || options.version === "") return;
    // After a reconnect: a client that has exactly this is sent nothing, but for endpoints that a cluster may wait for.
    const state = this.#desired(Infinity);
    if (versionOf(state) !== options.version) return;
    if (this.view.typeUrl !== ENDPOINT) this.#owed.clear();
    this.#accept(state, options.version);
    this.#settled = this.#cursor.position;
  }

  answered(error?: string): readonly StreamEvent[] {
    const inFlight = this.#inFlight;
    if (!inFlight) return [];
    this.#inFlight = undefined;
    const { typeUrl } = this.view;
    const { target, version, changed, generation } = inFlight;
    if (error === undefined) {
      for (const name of changed) this.#quarantine.release(name);
      this.#accept(target, version);
      this.#settle(generation);
      return [{ kind: "acked", typeUrl, generation }];
    }
    const events: StreamEvent[] = [{ kind: "nacked", typeUrl, names: changed, message: error }];
    const suspects = changed.map((name) => target.get(name)).filter((resource) => resource !== undefined);
    const culprit = this.#bisection.rejected(suspects.map(({ name }) => name));
    for (const resource of culprit === undefined ? [] : suspects) {
      this.#quarantine.add(resource);
      this.#owed.delete(resource.name);
      const { name, sessionId } = resource;
      events.push({ kind: "rejected", typeUrl, name, version: resource.version, sessionId, message: error });
    }
    this.#settle(generation);
    return events;
  }

  /** What to send now, if anything; it is then in flight until `answered`. */
  next(limits: Limits): { readonly payload: SotwPayload; readonly generation: number } | undefined {
    if (this.#inFlight) return undefined;
    const until = this.#window.until(limits.upserts, this.#cursor.position);
    if (until < this.#cursor.position) return undefined;
    this.#noteRemovals();
    const batch = this.#bisection.take();
    const target = batch ? this.#trial(batch) : this.#target(until, limits);
    if (!batch) this.#cursor.position = until;
    const changed = difference(this.#accepted, target);
    const version = versionOf(target);
    const owed = [...this.#owed].filter((name) => target.has(name));
    const news = changed.length > 0 || owed.length > 0 || (this.#owesAnswer && version !== this.#acceptedVersion);
    if (!news || (!this.#complete && !this.#owesAnswer && this.#sendable(target, changed, owed).length === 0)) {
      this.#accept(target, this.#acceptedVersion ?? version);
      this.#owesAnswer = false;
      this.#settle(this.#cursor.position);
      return batch ? this.next(limits) : undefined;
    }
    this.#owesAnswer = false;
    const resources = this.#complete ? [...target.values()] : this.#sendable(target, changed, owed);
    if (!batch) { for (const name of owed) this.#owed.delete(name); }
    const generation = this.#cursor.position;
    this.#inFlight = { target, version, changed: [...new Set([...changed, ...owed])], generation };
    return { payload: { resources, version }, generation };
  }

  get #complete(): boolean {
    return COMPLETE.has(this.view.typeUrl);
  }

  #settle(generation: number): void {
    if (!this.#bisection.active) this.#settled = generation;
  }

  #accept(state: State, version: string): void {
    this.#accepted = state;
    this.#acceptedVersion = version;
  }

  #sendable(target: State, changed: readonly string[], owed: readonly string[]): Resource[] {
    return [...new Set([...changed, ...owed])].map((name) => target.get(name)).filter((found) => found !== undefined);
  }

  #noteRemovals(): void {
    for (const { name, generation, resource } of this.view.log.since(this.#cursor.position)) {
      if (resource) this.#removedAt.delete(name);
      else if (this.#accepted.has(name)) this.#removedAt.set(name, generation);
    }
  }

  /** What the client asks for, as it is up to `until`; beyond that, what it has. */
  #desired(until: number): Map<string, Resource> {
    const state = new Map<string, Resource>();
    const add = (resource: Resource) => {
      const due = this.view.log.lastChanged(resource.name) <= until && !this.#quarantine.holds(resource);
      const kept = due ? resource : this.#accepted.get(resource.name);
      if (kept) state.set(kept.name, kept);
    };
    if (this.#wildcard) { for (const resource of this.view.resources()) add(resource); }
    for (const name of this.#names) {
      const resource = this.view.get(name);
      if (resource) add(resource);
    }
    return state;
  }

  #target(until: number, limits: Limits): State {
    const state = this.#desired(until);
    for (const [name, generation] of this.#removedAt) {
      const had = this.#accepted.get(name);
      const wanted = this.#wildcard || this.#names.has(name);
      if (had && wanted && generation > limits.removals && !state.has(name)) state.set(name, had);
      else if (generation <= limits.removals) this.#removedAt.delete(name);
    }
    return state;
  }

  /** What the client has accepted, with only these names as they should be. */
  #trial(batch: readonly string[]): State {
    const state = new Map(this.#accepted);
    for (const name of batch) {
      const resource = this.view.get(name);
      const fresh = resource && this.view.log.lastChanged(name) <= this.#cursor.position;
      if (fresh && !this.#quarantine.holds(resource)) state.set(name, resource);
    }
    return state;
  }
}

function difference(from: State, to: State): string[] {
  const names: string[] = [];
  for (const [name, resource] of to) if (from.get(name)?.version !== resource.version) names.push(name);
  for (const name of from.keys()) if (!to.has(name)) names.push(name);
  return names;
}

function versionOf(state: State): string {
  const digest = new Digest();
  for (const { version } of state.values()) digest.add(version);
  return digest.toString();
}
