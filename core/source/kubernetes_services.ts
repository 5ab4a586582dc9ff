import { sameRegistration } from "../session/same_registration.ts";
import type { ParsedSession, ParseSessionOptions } from "../session/parse_session.ts";
import type { Issue } from "../signalbox_error.ts";
import { readAnnotatedSession, readField } from "./annotated_session.ts";
import type { Claim } from "./claims.ts";
import type { EndpointSlice, Service } from "./kubernetes_service.ts";

/** What became of Services and EndpointSlices, by UID. */
export interface ServiceUpdates {
  readonly services?: ReadonlyMap<string, Service | undefined>;
  readonly slices?: ReadonlyMap<string, EndpointSlice | undefined>;
}

export interface ServiceChanges {
  /** The claims that became others, by their keys. */
  readonly claims: ReadonlyMap<string, Claim | undefined>;
  /** The UID of every Service that could be concerned. */
  readonly concerned: ReadonlySet<string>;
}

interface Entry {
  readonly service: Service;
  claim?: Claim;
  issues: readonly Issue[];
}

/** As pods' claims: of a pod and a Service that name one session, the one that was there earlier has it. */
const RANK = 1;

/** Which Services are sessions, and which endpoints of theirs take calls. One that has none such is no session. */
export class ServiceSessions {
  readonly #parsing: Pick<ParseSessionOptions, "domain" | "groups">;
  readonly #entries = new Map<string, Entry>();
  readonly #slices = new Map<string, EndpointSlice>();
  /** UIDs by the Service's name. */
  readonly #services = new Map<string, Set<string>>();
  readonly #slicesOf = new Map<string, Set<string>>();

  constructor(parsing: Pick<ParseSessionOptions, "domain" | "groups">) {
    this.#parsing = parsing;
  }

  get(uid: string): Service | undefined {
    return this.#entries.get(uid)?.service;
  }

  /** What keeps a Service from being a session, apart from endpoints. */
  issuesOf(uid: string): readonly Issue[] {
    return this.#entries.get(uid)?.issues ?? [];
  }

  /** Takes in what became of Services and their endpoints, all of it in one step. */
  apply({ services = new Map(), slices = new Map() }: ServiceUpdates): ServiceChanges {
    const names = new Set<string>();
    const concerned = new Set<string>(services.keys());
    const claims = new Map<string, Claim | undefined>();
    for (const [uid, service] of services) {
      const before = this.#entries.get(uid);
      if (before) unlink(this.#services, nameOf(before.service), uid, names);
      if (service) {
        this.#entries.set(uid, { ...before, service, issues: [] });
        link(this.#services, nameOf(service), uid, names);
      } else {
        this.#entries.delete(uid);
        if (before?.claim) claims.set(before.claim.key, undefined);
      }
    }
    for (const [uid, slice] of slices) {
      const before = this.#slices.get(uid);
      if (before) unlink(this.#slicesOf, serviceOf(before), uid, names);
      if (slice) {
        this.#slices.set(uid, slice);
        link(this.#slicesOf, serviceOf(slice), uid, names);
      } else this.#slices.delete(uid);
    }
    for (const uid of Array.from(names).flatMap((name) => [...this.#services.get(name) ?? []])) {
      concerned.add(uid);
      this.#decide(uid, claims);
    }
    return { claims, concerned };
  }

  #decide(uid: string, claims: Map<string, Claim | undefined>): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    const { service, claim: before } = entry;
    const parsed = this.#read(service);
    entry.issues = parsed?.ok === false ? parsed.issues : [];
    const key = keyOf(uid);
    if (!parsed?.ok) {
      delete entry.claim;
      if (before) claims.set(key, undefined);
      return;
    }
    const { session } = parsed;
    if (before && sameRegistration(before.session, session)) return;
    const owner = `service ${nameOf(service)}`;
    entry.claim = { key, session, owner, rank: RANK, sinceMs: service.createdAtMs };
    claims.set(key, entry.claim);
  }

  /** `undefined` where it takes no calls. */
  #read(service: Service): ParsedSession | undefined {
    if (service.terminating) return undefined;
    const port = readPort(service);
    if (port.problem !== undefined) {
      return readAnnotatedSession(service, { fields: {}, portProblem: port.problem }, this.#parsing);
    }
    const backends = this.#endpointsOf(service, port.name);
    return backends.length === 0 ? undefined : readAnnotatedSession(service, { fields: { backends } }, this.#parsing);
  }

  /** Each once, in an order that is the same in every replica. */
  #endpointsOf(service: Service, portName: string): readonly { readonly address: string; readonly port: number }[] {
    const found = new Map<string, { readonly address: string; readonly port: number }>();
    for (const uid of this.#slicesOf.get(nameOf(service)) ?? []) {
      const slice = this.#slices.get(uid);
      const port = slice?.ports.get(portName);
      // A Service that was made anew under the name has endpoints of its own.
      if (!slice || port === undefined || (slice.owner ?? service.uid) !== service.uid) continue;
      if (slice.family === "FQDN" || (service.family ?? slice.family) !== slice.family) continue;
      for (const address of slice.addresses) found.set(`${address} ${port}`, { address, port });
    }
    return Array.from(found).sort(([a], [b]) => a < b ? -1 : 1).map(([, endpoint]) => endpoint);
  }
}

/** The UID behind a claim's key. */
export function uidOf(key: string): string | undefined {
  return key.startsWith(KEY) ? key.slice(KEY.length) : undefined;
}

export function nameOf({ namespace, name }: Service): string {
  return `${namespace}/${name}`;
}

const KEY = "service ";

/** The key of a Service's claim. */
export function keyOf(uid: string): string {
  return KEY + uid;
}

function serviceOf({ namespace, service }: EndpointSlice): string {
  return `${namespace}/${service}`;
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

function link(by: Map<string, Set<string>>, name: string, uid: string, changed: Set<string>): void {
  by.set(name, (by.get(name) ?? new Set()).add(uid));
  changed.add(name);
}

function unlink(by: Map<string, Set<string>>, name: string, uid: string, changed: Set<string>): void {
  const uids = by.get(name);
  uids?.delete(uid);
  if (uids?.size === 0) by.delete(name);
  changed.add(name);
}
