import assert from "node:assert/strict";
import type { Resource } from "../../core/cache/resource.ts";
import {
  allowsWildcard,
  CLUSTER,
  isTypeUrl,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  TYPE_LABELS,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../../core/cache/resource_type.ts";
import type { ViewSource } from "../../core/cache/view_source.ts";
import type { StreamEvent } from "../../core/xds/event.ts";
import type { Envoy } from "./envoy.ts";
import { ALIASES, type Edit, meaningOf, Replica, sessionOf, Sessions } from "./sessions_model.ts";

interface Output<Response> {
  readonly responses: readonly Response[];
  readonly events: readonly StreamEvent[];
}

interface Machine<Request, Response> {
  readonly progress: number;
  receive(request: Request): Output<Response>;
  advance(): Output<Response>;
  close(): void;
}

/** Sees to it that one stream says nothing without a reason. */
export interface Audit<Request, Response> {
  requested(request: Request): void;
  responded(response: Response): void;
}

export interface Protocol<Request, Response> {
  createMachine(views: ViewSource): Machine<Request, Response>;
  createAudit(views: ViewSource): Audit<Request, Response>;
  /** Whether a client is told that something is gone. */
  tellsGone(typeUrl: TypeUrl): boolean;
  /** Whether a client that comes back says what it has, rather than a version of all of it. */
  readonly remembers: boolean;
}

export type Said = { readonly typeUrl: string; readonly nonce: string; readonly error?: string };

const ROUTES = [SCOPED_ROUTE, ROUTE, VIRTUAL_HOST] as const;

/**
 * An Envoy and a Signalbox with two wires between them, on which messages wait until somebody takes them: every
 * interleaving can be had. After every step it is checked that what must never happen has not.
 */
export class Conversation<Request extends Said, Response extends Said> {
  readonly #protocol: Protocol<Request, Response>;
  readonly #envoy: Envoy<Request, Response>;
  readonly #sessions = new Sessions();
  #replica = new Replica();
  /** As the replica was one step ago. */
  #behind = new Replica();
  #machine: Machine<Request, Response>;
  #audit: Audit<Request, Response>;
  #up: Request[] = [];
  #down: Response[] = [];
  /** Of the responses in flight on this stream, by type. */
  #nonces = new Map<string, string>();
  #progress = -1;
  /** By type and version: what this stream has said is a culprit. */
  #culprits = new Set<string>();
  /** What Envoy accepted and has been in the cache ever since. */
  readonly #kept = new Map<TypeUrl, Set<string>>();
  /** Whether anything that a strict Envoy rejects has ever been about. */
  #badSeen = false;
  /** Routes that lead nowhere, and may. */
  #lost: ReadonlySet<string> = new Set();
  #reconnected = false;
  /** After a reconnect of who does not say what it has: nobody can know what must stay. */
  #relaxed = false;

  constructor(protocol: Protocol<Request, Response>, envoy: Envoy<Request, Response>) {
    this.#protocol = protocol;
    this.#envoy = envoy;
    this.#machine = protocol.createMachine(this.#replica.cache);
    this.#audit = protocol.createAudit(this.#replica.cache);
  }

  /** Something happens to sessions; whether Signalbox hears of it is another matter. */
  edit(edits: readonly Edit[], { heard }: { readonly heard: boolean }): void {
    this.#sessions.apply(edits);
    this.#badSeen ||= edits.some((edit) => edit.kind === "put" && (edit.plan.v === "bad" || edit.plan.route === "bad"));
    if (!heard) return;
    this.#behind = this.#replica.twin();
    this.#replica.follow(this.#sessions);
    this.#forgetKept();
    this.#sent(this.#machine.advance());
  }

  /** Envoy asks for these of a type; for none of them: for all in the old way, where it has not asked yet. */
  subscribe(typeUrl: TypeUrl, names: readonly string[]): void {
    this.#up.push(...this.#envoy.subscribe(typeUrl, names));
  }

  unsubscribe(typeUrl: TypeUrl, names: readonly string[]): void {
    this.#up.push(...this.#envoy.unsubscribe(typeUrl, names));
    for (const name of this.#keptOf(typeUrl)) {
      if (!this.#envoy.wants(typeUrl, name) || names.includes(name)) this.#keptOf(typeUrl).delete(name);
    }
  }

  /** Signalbox reads one request. Returns whether there was one. */
  readRequest(): boolean {
    const request = this.#up.shift();
    if (!request) return false;
    if (request.nonce !== "" && this.#nonces.get(request.typeUrl) === request.nonce) {
      this.#nonces.delete(request.typeUrl);
    }
    this.#audit.requested(request);
    this.#sent(this.#machine.receive(request));
    return true;
  }

  /** Envoy reads one response. Returns whether there was one. */
  readResponse(): boolean {
    const response = this.#down.shift();
    if (!response) return false;
    const { typeUrl } = response;
    assert.ok(isTypeUrl(typeUrl));
    const secrets = this.#secretsInUse();
    const had = new Set(this.#envoy.applied(typeUrl).keys());
    const answer = this.#envoy.hear(response);
    this.#up.push(answer);
    if (typeUrl === SECRET) {
      const gone = had.difference(this.#envoy.applied(SECRET)).intersection(secrets);
      assert.deepEqual([...gone], [], "secrets in use were taken away");
    }
    if (answer.error === undefined) {
      for (const name of this.#envoy.applied(typeUrl).keys()) {
        if (this.#replica.cache.view(typeUrl).get(name)) this.#keptOf(typeUrl).add(name);
      }
    }
    if (typeUrl === CLUSTER && [...this.#envoy.types].includes(SECRET)) this.#syncSecrets(secrets);
    this.#check();
    return true;
  }

  /** The stream breaks; Envoy comes back, to this Signalbox, to one that knows the same, or to one that is behind. */
  reconnect(to: "same" | "twin" | "behind"): void {
    this.#machine.close();
    if (to !== "same") this.#replica = (to === "twin" ? this.#replica : this.#behind).twin();
    this.#machine = this.#protocol.createMachine(this.#replica.cache);
    this.#audit = this.#protocol.createAudit(this.#replica.cache);
    this.#nonces.clear();
    this.#culprits.clear();
    this.#progress = -1;
    this.#reconnected = true;
    this.#relaxed = !this.#protocol.remembers;
    this.#forgetKept();
    this.#down = [];
    this.#up = [...this.#envoy.connect()];
  }

  /** Everything is read and answered, and Signalbox has heard of everything. Envoy then has what it should have. */
  rest(): void {
    this.edit([], { heard: true });
    for (let steps = 0; this.readRequest() || this.readResponse(); steps++) {
      assert.ok(steps < 1000, "they never come to rest");
    }
    this.#relaxed = false;
    assert.deepEqual([...this.#nonces], [], "an answer is missing");
    // Who has listeners and asks for no routes is not done.
    if (ROUTES.some((type) => this.#envoy.names(type).length > 0)) {
      assert.equal(this.#machine.progress, this.#replica.cache.generation, "not all is settled and cleared");
    }
    for (const typeUrl of this.#envoy.types) this.#checkAtRest(typeUrl);
    this.#checkRoutes();
    const { responses } = this.#machine.advance();
    assert.deepEqual(responses, [], "sent to who has everything");
  }

  #keptOf(typeUrl: TypeUrl): Set<string> {
    const names = this.#kept.get(typeUrl) ?? new Set();
    this.#kept.set(typeUrl, names);
    return names;
  }

  /** What is not in the cache need not stay. */
  #forgetKept(): void {
    for (const [type, names] of this.#kept) {
      const view = this.#replica.cache.view(type);
      for (const name of names) if (!view.get(name) || this.#relaxed) names.delete(name);
    }
  }

  #sent({ responses, events }: Output<Response>): void {
    for (const response of responses) {
      const { typeUrl, nonce } = response;
      assert.equal(this.#nonces.get(typeUrl), undefined, `two responses in flight: ${typeUrl}`);
      this.#nonces.set(typeUrl, nonce);
      this.#audit.responded(response);
    }
    for (const event of events) if (event.kind === "rejected") this.#culprits.add(`${event.typeUrl} ${event.version}`);
    this.#down.push(...responses);
    const { progress } = this.#machine;
    assert.ok(progress >= this.#progress || progress === -1, `progress falls from ${this.#progress} to ${progress}`);
    this.#progress = progress;
  }

  #secretsInUse(): ReadonlySet<string> {
    const clusters = this.#envoy.applied(CLUSTER).values().filter(({ name }) => !this.#isExcused(CLUSTER, name));
    return new Set([...clusters].flatMap((cluster) => meaningOf(CLUSTER, cluster).secret ?? []));
  }

  /** Envoy asks for the secrets that its clusters use. */
  #syncSecrets(before: ReadonlySet<string>): void {
    const now = this.#secretsInUse();
    const added = [...now.difference(before)];
    const removed = [...before.difference(now)];
    if (added.length > 0) this.subscribe(SECRET, added);
    if (removed.length > 0) this.unsubscribe(SECRET, removed);
  }

  /** What must be so at any time. */
  #check(): void {
    for (const [typeUrl, names] of this.#kept) {
      for (const name of names) {
        const there = this.#envoy.applied(typeUrl).has(name);
        assert.ok(there, `${TYPE_LABELS[typeUrl]} ${name} was taken away, though it has been there all along`);
      }
    }
    this.#checkRoutes();
  }

  /**
   * Every route leads somewhere. Where something was rejected, a route may lead nowhere if its session has gone, or if
   * its host passes from one session to another.
   */
  #checkRoutes(): void {
    if (!this.#envoy.wants(CLUSTER, "*") || this.#relaxed) return;
    const clusters = this.#envoy.applied(CLUSTER);
    const lost = new Set<string>();
    for (const typeUrl of ROUTES) {
      for (const resource of this.#envoy.applied(typeUrl).values()) {
        if (this.#isExcused(typeUrl, resource.name)) continue;
        for (const { host, cluster } of meaningOf(typeUrl, resource).routes) {
          if (clusters.has(cluster)) continue;
          const route = `${TYPE_LABELS[typeUrl]}: ${host} leads to ${cluster}`;
          const isOver = typeUrl === ROUTE || ALIASES.some((alias) => alias === host) ||
            !this.#replica.serves(host, sessionOf(cluster)) || this.#lost.has(route) ||
            // What it had of a culprit, nobody knows.
            (this.#reconnected && !this.#protocol.remembers);
          assert.ok(this.#badSeen && isOver, `${route}, which is not there`);
          lost.add(route);
        }
      }
    }
    this.#lost = lost;
  }

  #checkAtRest(typeUrl: TypeUrl): void {
    const label = TYPE_LABELS[typeUrl];
    const view = this.#replica.cache.view(typeUrl);
    const applied = this.#envoy.applied(typeUrl);
    for (const resource of view.resources()) {
      const { name, version } = resource;
      const has = applied.get(name)?.version;
      const blamed = this.#culprits.has(`${typeUrl} ${version}`);
      const rejected = this.#envoy.rejects(typeUrl, resource);
      assert.ok(rejected || !blamed, `${label} ${name} is innocent`);
      if (!this.#isWanted(typeUrl, name) || this.#waits(typeUrl, resource)) continue;
      if (rejected) assert.ok(blamed && has !== version, `${label} ${name} was not found to be a culprit`);
      else if (this.#isExcused(typeUrl, name)) continue;
      else assert.equal(has, version, `${label} ${name} is not as it should be`);
    }
    if (!this.#protocol.tellsGone(typeUrl)) return;
    for (const name of applied.keys()) {
      const mayStay = this.#mayStay(typeUrl, name) || this.#isExcused(typeUrl, name);
      assert.ok(view.get(name) || mayStay, `${label} ${name} should be gone`);
    }
  }

  #isWanted(typeUrl: TypeUrl, name: string): boolean {
    return this.#envoy.names(typeUrl).includes(name) || (allowsWildcard(typeUrl) && this.#envoy.wants(typeUrl, name));
  }

  /** Whether Envoy, when it came back, could not tell what it had of this. */
  #isExcused(typeUrl: TypeUrl, name: string): boolean {
    return this.#reconnected && !this.#envoy.knows(typeUrl, name);
  }

  /** Whether a route is held back, because what it may lead to was rejected. */
  #waits(typeUrl: TypeUrl, { sessionId }: Resource): boolean {
    if (!ROUTES.some((type) => type === typeUrl) || sessionId === undefined) return false;
    return this.#rejectsAny(CLUSTER, sessionId);
  }

  #rejectsAny(typeUrl: TypeUrl, sessionId?: string): boolean {
    if (![...this.#envoy.types].includes(typeUrl)) return false;
    for (const resource of this.#replica.cache.view(typeUrl).resources()) {
      if (!this.#isWanted(typeUrl, resource.name) || !this.#envoy.rejects(typeUrl, resource)) continue;
      if (sessionId === undefined || resource.aggregate || resource.sessionId === sessionId) return true;
    }
    return false;
  }

  /** Whether what is gone may stay, because what may lead to it could not be changed. */
  #mayStay(typeUrl: TypeUrl, name: string): boolean {
    if (ROUTES.some((type) => type === typeUrl)) return false;
    const types = [...this.#envoy.types];
    return types.some((type) => this.#rejectsAny(type, this.#reconnected ? undefined : sessionOf(name)));
  }
}
