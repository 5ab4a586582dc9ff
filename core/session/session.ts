/** Where a session's traffic goes: an IP address in canonical text (no brackets, no zone) and a port. */
export interface Backend {
  readonly address: string;
  readonly port: number;
  /** Relative share among the session's backends, 1 to 1,000,000; 1 where the caller gave none. */
  readonly weight: number;
}

/** A port of a Service in the Kubernetes that Signalbox is connected to. */
export interface ServicePort {
  readonly namespace: string;
  readonly name: string;
  /** The Service's own, not that of its endpoints. */
  readonly port: number;
}

/** One user's backend and its host, as every later stage sees it: parsed, complete, in canonical form. */
export interface Session {
  /** A DNS label: 1 to 63 of a-z, 0-9 and inner hyphens. */
  readonly id: string;
  /** The host that routes here, in lower case, without a port. */
  readonly host: string;
  /** More hosts that route here, lower case, sorted, without `host`. */
  readonly aliases: readonly string[];
  /** At least one, in the order given. With a `service`: its endpoints that take calls now, if any. */
  readonly backends: readonly Backend[];
  /** The Service whose endpoints it leads to, whichever those are; absent: its backends are its own. */
  readonly service?: ServicePort;
  /** The groups of Envoys that have it, sorted; absent: all. */
  readonly groups?: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** What the session says to plugins, by plugin name; each plugin checks its own. */
  readonly plugins: Readonly<Record<string, unknown>>;
  /** How long a registration lives without renewal, in milliseconds; absent: until it is removed. */
  readonly ttlMs?: number;
}

/** A session as the store and the table hold it. */
export interface SessionRecord {
  readonly session: Session;
  /** What it follows, as in `pod default/session-1`; absent: it was registered, and the store has it. */
  readonly owner?: string;
  /** The generation that last changed the session (a renewal of its ttl does not). */
  readonly generation: number;
  /** Why it leads nowhere now, for people; present exactly when it has no backends. */
  readonly problem?: string;
  /** Milliseconds since the epoch; present exactly when the session has a `ttlMs`. */
  readonly expiresAtMs?: number;
}
