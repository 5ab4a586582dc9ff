/** An Envoy on one stream, as far as deliveries go. */
export interface Recipient {
  /** Unique in this process. */
  readonly id: number;
  readonly node: { readonly id: string };
  readonly group: string;
  readonly dialect: Dialect;
}

/** Clients without a proxy (`grpc`) get what they ask for, and nobody waits for them. */
type Dialect = "envoy" | "envoy-rest" | "envoy-v2" | "grpc";

/** A resource of a session that an Envoy does not take, or cannot be told of. */
export interface Rejection {
  readonly resource: string;
  /** As in `TYPE_LABELS`; `session` where it cannot be told of any of it. */
  readonly type: string;
  /** Envoy's own words, or what it cannot be told of. */
  readonly message: string;
  /** The plugin that touched the resource last, if one did. */
  readonly plugin?: string;
}

/**
 * Where an Envoy is with a change. `joining`: it has connected and not asked for, or not yet taken, all that it needs;
 * `stuck`: it does not answer what it was sent.
 */
export type EnvoyDelivery =
  & { readonly node: string; readonly group: string }
  & (
    /** `ms`: from the change until it was acknowledged; absent where Envoy came later, or nobody remembers. */
    | { readonly state: "live"; readonly ms?: number }
    | { readonly state: "pending" | "joining" | "stuck" }
    | { readonly state: "rejected"; readonly rejection: Rejection }
  );

/** Where all Envoys are: `live` when each has the change, `rejected` when one refuses it, and without Envoys `pending`. */
export interface Delivery {
  readonly state: "live" | "pending" | "rejected";
  readonly envoys: readonly EnvoyDelivery[];
}

/** A change to ask about. */
export interface Subject {
  /** The step of the cache that brought it. */
  readonly revision: number;
  /** The groups that have it; absent: all. */
  readonly groups?: readonly string[];
  /** Whose it is; absent: the rejections of no session count. */
  readonly sessionId?: string;
}

interface StandingRejection {
  readonly rejection: Rejection;
  /** Whether what was rejected is what the Envoy should have now. */
  readonly stands: () => boolean;
}

interface Progress {
  readonly revision: number;
  readonly atMs: number;
}

interface Tracked {
  readonly recipient: Recipient;
  readonly openedAtMs: number;
  /** The newest last. */
  readonly history: Progress[];
  unanswered: number;
  /** Since when it has said nothing to what it was sent. */
  silentSinceMs: number;
}

interface Waiter {
  readonly subject: Subject;
  readonly resolve: (delivery: Delivery) => void;
}

/** An Envoy that says nothing for so long is said to be stuck; one that polls says nothing between its polls. */
const STUCK_AFTER_MS: Readonly<Record<Dialect, number>> = {
  "envoy": 5000,
  "envoy-rest": 30_000,
  "envoy-v2": 30_000,
  "grpc": 5000,
};

/** How many steps are remembered of each Envoy, and of the cache: older ones have no times. */
const MAX_HISTORY = 256;
const MAX_PUBLISHED = 65_536;

/** Who has what: a read model of what clients say, fed by events. Times are milliseconds that never go back. */
export class Deliveries {
  readonly #envoys = new Map<number, Tracked>();
  /** By session, then by client. */
  readonly #rejections = new Map<string, Map<number, StandingRejection>>();
  /** By session, then by dialect. */
  readonly #omissions = new Map<string, Map<Dialect, Rejection>>();
  readonly #publishedAtMs = new Map<number, number>();
  readonly #waiters = new Set<Waiter>();
  readonly #listeners = new Set<() => void>();

  /** `listener` is told whenever some delivery could have become another. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** The cache made a step that changed these sessions; what was said of resources that they have no more is void. */
  published(revision: number, sessionIds: Iterable<string>, nowMs: number): void {
    this.#publishedAtMs.set(revision, nowMs);
    if (this.#publishedAtMs.size > MAX_PUBLISHED) {
      const [oldest] = this.#publishedAtMs.keys();
      if (oldest !== undefined) this.#publishedAtMs.delete(oldest);
    }
    if (this.#rejections.size + this.#omissions.size === 0) return;
    for (const id of sessionIds) {
      this.#dropRejections(id, (_, { stands }) => !stands());
      this.#omissions.delete(id);
    }
  }

  /** When the step was made, if that is remembered. */
  publishedAtMs(revision: number): number | undefined {
    return this.#publishedAtMs.get(revision);
  }

  opened(recipient: Recipient, nowMs: number): void {
    if (recipient.dialect === "grpc") return;
    this.#envoys.set(recipient.id, { recipient, openedAtMs: nowMs, history: [], unanswered: 0, silentSinceMs: nowMs });
    this.#review();
  }

  closed({ id }: Recipient): void {
    this.#envoys.delete(id);
    for (const sessionId of this.#rejections.keys()) this.#dropRejections(sessionId, (client) => client === id);
    this.#review();
  }

  sent({ id }: Recipient, nowMs: number): void {
    const envoy = this.#envoys.get(id);
    if (envoy && envoy.unanswered++ === 0) envoy.silentSinceMs = nowMs;
  }

  answered({ id }: Recipient, nowMs: number): void {
    const envoy = this.#envoys.get(id);
    if (!envoy) return;
    envoy.unanswered--;
    envoy.silentSinceMs = nowMs;
  }

  progressed({ id }: Recipient, revision: number, nowMs: number): void {
    const envoy = this.#envoys.get(id);
    if (!envoy) return;
    envoy.history.push({ revision, atMs: nowMs });
    if (envoy.history.length > MAX_HISTORY) envoy.history.shift();
    this.#review();
  }

  /** Holds for as long as `stands()`, which is asked when the session changes. */
  rejected({ id }: Recipient, sessionId: string, rejection: Rejection, stands: () => boolean): void {
    if (!this.#envoys.has(id)) return;
    const byClient = this.#rejections.get(sessionId) ?? new Map<number, StandingRejection>();
    byClient.set(id, { rejection, stands });
    this.#rejections.set(sessionId, byClient);
    this.#review();
  }

  /** Nobody of this dialect can be told of the session as it is. Returns whether that is news. */
  omitted(sessionId: string, dialect: Dialect, rejection: Rejection): boolean {
    const byDialect = this.#omissions.get(sessionId) ?? new Map<Dialect, Rejection>();
    if (byDialect.has(dialect)) return false;
    byDialect.set(dialect, rejection);
    this.#omissions.set(sessionId, byDialect);
    this.#review();
    return true;
  }

  /** Where the Envoys are with a change now. */
  delivery(subject: Subject, nowMs: number): Delivery {
    const envoys = [...this.#concerned(subject)].map((envoy) => this.#stateOf(envoy, subject, nowMs));
    return { state: summaryOf(envoys), envoys };
  }

  /** Resolves when the change is live or rejected; calling the function that comes with it gives that up. */
  settled(subject: Subject, nowMs: number): { readonly delivery: Promise<Delivery>; readonly cancel: () => void } {
    const now = this.delivery(subject, nowMs);
    if (now.state !== "pending") return { delivery: Promise.resolve(now), cancel() {} };
    const { promise, resolve } = Promise.withResolvers<Delivery>();
    const waiter: Waiter = { subject, resolve };
    this.#waiters.add(waiter);
    return { delivery: promise, cancel: () => this.#waiters.delete(waiter) };
  }

  #dropRejections(sessionId: string, condition: (client: number, rejection: StandingRejection) => boolean): void {
    const byClient = this.#rejections.get(sessionId);
    if (!byClient) return;
    for (const [client, rejection] of byClient) if (condition(client, rejection)) byClient.delete(client);
    if (byClient.size === 0) this.#rejections.delete(sessionId);
  }

  *#concerned({ groups }: Subject): Iterable<Tracked> {
    for (const envoy of this.#envoys.values()) {
      if (groups === undefined || groups.includes(envoy.recipient.group)) yield envoy;
    }
  }

  #stateOf(envoy: Tracked, { revision, sessionId }: Subject, nowMs: number): EnvoyDelivery {
    const { recipient, history } = envoy;
    const at = { node: recipient.node.id, group: recipient.group };
    const rejection = this.#rejectionBy(recipient, sessionId);
    if (rejection) return { ...at, state: "rejected", rejection };
    const reached = history.at(-1)?.revision ?? -1;
    if (reached >= revision) {
      const ms = this.#msUntil(envoy, revision);
      return ms === undefined ? { ...at, state: "live" } : { ...at, state: "live", ms };
    }
    if (envoy.unanswered > 0 && nowMs - envoy.silentSinceMs >= STUCK_AFTER_MS[recipient.dialect]) {
      return { ...at, state: "stuck" };
    }
    return { ...at, state: reached < 0 ? "joining" : "pending" };
  }

  #rejectionBy({ id, dialect }: Recipient, sessionId: string | undefined): Rejection | undefined {
    if (sessionId === undefined) return undefined;
    return this.#rejections.get(sessionId)?.get(id)?.rejection ?? this.#omissions.get(sessionId)?.get(dialect);
  }

  #msUntil({ history, openedAtMs }: Tracked, revision: number): number | undefined {
    const publishedAtMs = this.#publishedAtMs.get(revision);
    const index = history.findIndex((progress) => progress.revision >= revision);
    const reached = history[index];
    // Where the history does not go back far enough, it may have been there earlier.
    const known = index > 0 || history.length < MAX_HISTORY;
    if (publishedAtMs === undefined || reached === undefined || !known || openedAtMs > publishedAtMs) return undefined;
    return Math.max(0, Math.round((reached.atMs - publishedAtMs) * 100) / 100);
  }

  #review(): void {
    for (const waiter of this.#waiters) {
      if (!this.#isSettled(waiter.subject)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(this.delivery(waiter.subject, 0));
    }
    for (const listener of this.#listeners) listener();
  }

  /** Without making anything of it: this is asked of every waiter at every step of every Envoy. */
  #isSettled(subject: Subject): boolean {
    const { sessionId } = subject;
    if (sessionId !== undefined && (this.#rejections.has(sessionId) || this.#omissions.has(sessionId))) {
      for (const { recipient } of this.#concerned(subject)) if (this.#rejectionBy(recipient, sessionId)) return true;
    }
    let any = false;
    for (const { history } of this.#concerned(subject)) {
      if ((history.at(-1)?.revision ?? -1) < subject.revision) return false;
      any = true;
    }
    return any;
  }
}

function summaryOf(envoys: readonly EnvoyDelivery[]): Delivery["state"] {
  if (envoys.some(({ state }) => state === "rejected")) return "rejected";
  return envoys.length > 0 && envoys.every(({ state }) => state === "live") ? "live" : "pending";
}
