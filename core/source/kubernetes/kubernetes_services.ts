import type { ParsedSession, ParseSessionOptions } from "../../session/parse_session.ts";
import { sameRegistration } from "../../session/same_registration.ts";
import type { Issue } from "../../signalbox_error.ts";
import { readAnnotatedSession, readField } from "./annotated_session.ts";
import type { Claim } from "./claims.ts";
import type { Service } from "./kubernetes_service.ts";
import { nameOf, ServiceEndpoints, type ServiceUpdates } from "./service_endpoints.ts";

export interface ServiceChanges {
  /** The claims that became others, by their keys. */
  readonly claims: ReadonlyMap<string, Claim | undefined>;
  /** The UID of every Service that could be concerned. */
  readonly concerned: ReadonlySet<string>;
}

/** As pods' claims: of a pod and a Service that name one session, the one that was there earlier has it. */
const RANK = 1;

/** Which Services are sessions, and which endpoints of theirs take calls. One that has none such is no session. */
export class ServiceSessions {
  readonly #parsing: Pick<ParseSessionOptions, "domain" | "groups">;
  readonly #endpoints = new ServiceEndpoints();
  /** By UID. */
  readonly #claims = new Map<string, Claim>();
  readonly #issues = new Map<string, readonly Issue[]>();

  constructor(parsing: Pick<ParseSessionOptions, "domain" | "groups">) {
    this.#parsing = parsing;
  }

  get(uid: string): Service | undefined {
    return this.#endpoints.get(uid);
  }

  /** What keeps a Service from being a session, apart from endpoints. */
  issuesOf(uid: string): readonly Issue[] {
    return this.#issues.get(uid) ?? [];
  }

  /** Takes in what became of Services and their endpoints, all of it in one step. */
  apply(updates: ServiceUpdates): ServiceChanges {
    const names = this.#endpoints.apply(updates);
    const concerned = new Set<string>(updates.services?.keys());
    const claims = new Map<string, Claim | undefined>();
    for (const uid of concerned) if (!this.#endpoints.get(uid)) this.#settle(uid, undefined, claims);
    for (const service of Array.from(names).flatMap((name) => this.#endpoints.named(name))) {
      concerned.add(service.uid);
      this.#settle(service.uid, this.#read(service), claims);
    }
    return { claims, concerned };
  }

  /** `parsed`: what the Service asks for now. */
  #settle(uid: string, parsed: ParsedSession | undefined, claims: Map<string, Claim | undefined>): void {
    const service = this.#endpoints.get(uid);
    if (parsed?.ok === false) this.#issues.set(uid, parsed.issues);
    else this.#issues.delete(uid);
    const before = this.#claims.get(uid);
    if (!service || !parsed?.ok) {
      if (this.#claims.delete(uid)) claims.set(keyOf(uid), undefined);
      return;
    }
    const { session } = parsed;
    if (before && sameRegistration(before.session, session)) return;
    const key = keyOf(uid);
    const owner = `service ${nameOf(service)}`;
    const claim = { key, session, owner, rank: RANK, sinceMs: service.createdAtMs };
    this.#claims.set(uid, claim);
    claims.set(key, claim);
  }

  /** `undefined` where it takes no calls. */
  #read(service: Service): ParsedSession | undefined {
    if (service.terminating) return undefined;
    const port = readPort(service);
    if (port.problem !== undefined) {
      return readAnnotatedSession(service, { fields: {}, portProblem: port.problem }, this.#parsing);
    }
    const backends = this.#endpoints.endpointsOf(service, port.name);
    return backends.length === 0 ? undefined : readAnnotatedSession(service, { fields: { backends } }, this.#parsing);
  }
}

/** The UID behind a claim's key. */
export function uidOf(key: string): string | undefined {
  return key.startsWith(KEY) ? key.slice(KEY.length) : undefined;
}

const KEY = "service ";

/** The key of a Service's claim. */
export function keyOf(uid: string): string {
  return KEY + uid;
}

/** The Service's port by number or name, and without it the only one that there is; as its name. */
function readPort(service: Service): { readonly name: string; readonly problem?: undefined } | {
  readonly problem: string;
} {
  const text = readField(service, "port");
  const { ports } = service;
  const port = text === undefined
    ? ports.length === 1 ? ports[0] : undefined
    : ports.find(({ name, port }) => text === name || text === String(port));
  if (port) return { name: port.name };
  return text === undefined
    ? { problem: "is required: the Service does not have one port alone" }
    : { problem: `must be the number or the name of a port of the Service, got "${text}"` };
}
