import type { ParsedSession } from "../../session/parse_session.ts";
import { sameRegistration } from "../../session/same_registration.ts";
import type { Session } from "../../session/session.ts";
import type { Issue } from "../../signalbox_error.ts";
import type { Claim } from "./claims.ts";
import type { Pod } from "./kubernetes_pod.ts";

/** What keeps a pod from being its session's backend, or that nothing does. */
export type PodState =
  | { readonly kind: "chosen"; readonly claim: Claim }
  /** It takes no calls: not yet, or no more. */
  | { readonly kind: "not_ready" }
  /** A newer pod has the session. */
  | { readonly kind: "superseded"; readonly by: string }
  | { readonly kind: "invalid"; readonly issues: readonly Issue[] }
  /** Another pod has its IP now, or says so just as well. */
  | { readonly kind: "ip_taken"; readonly ip: string; readonly by: string };

export interface PodChanges {
  /** The claims that became others, by their keys. */
  readonly claims: ReadonlyMap<string, Claim | undefined>;
  /** Every pod whose state could have become another. */
  readonly concerned: ReadonlySet<string>;
}

interface Entry {
  readonly pod: Pod;
  /** Absent while it has no IP. */
  readonly parsed?: ParsedSession;
}

/** Claims of pods come after those of objects that say nothing but that there is a session. */
const RANK = 1;

/**
 * Which pod is behind which session. Pods are told apart by UID, never by name or IP. A session's pods are those of one
 * namespace that name it; the one that was started last has it, of those that take calls. An IP that two pods have is
 * that of the one that was started later: the other one's session is withdrawn in the same step, whatever its status says.
 */
export class PodSessions {
  readonly #read: (pod: Pod) => ParsedSession;
  readonly #entries = new Map<string, Entry>();
  /** UIDs by IP, and by claim. */
  readonly #byIp = new Map<string, Set<string>>();
  readonly #byClaim = new Map<string, Set<string>>();
  readonly #claims = new Map<string, { readonly claim: Claim; readonly uid: string }>();

  constructor(read: (pod: Pod) => ParsedSession) {
    this.#read = read;
  }

  get(uid: string): Pod | undefined {
    return this.#entries.get(uid)?.pod;
  }

  /** Takes in what became of pods, all of it in one step. */
  apply(changes: ReadonlyMap<string, Pod | undefined>): PodChanges {
    const ips = new Set<string>();
    const keys = new Set<string>();
    const concerned = new Set<string>();
    for (const [uid, pod] of changes) {
      this.#take(uid, ips, keys);
      if (pod) this.#put(pod, ips, keys);
      concerned.add(uid);
    }
    for (const ip of ips) {
      for (const uid of this.#byIp.get(ip) ?? []) {
        const key = keyOf(this.#entries.get(uid));
        if (key !== undefined) keys.add(key);
        concerned.add(uid);
      }
    }
    const claims = new Map<string, Claim | undefined>();
    for (const key of keys) {
      for (const uid of this.#byClaim.get(key) ?? []) concerned.add(uid);
      const before = this.#claims.get(key)?.claim;
      const after = this.#choose(key);
      if (after !== before) claims.set(key, after);
    }
    return { claims, concerned };
  }

  /** `undefined` for a pod that is gone. */
  stateOf(uid: string): PodState | undefined {
    const entry = this.#entries.get(uid);
    if (!entry) return undefined;
    const { pod, parsed } = entry;
    if (parsed?.ok === false) return { kind: "invalid", issues: parsed.issues };
    if (!takesCalls(pod) || !parsed || pod.ip === undefined) return { kind: "not_ready" };
    const rival = this.#rivalFor(pod);
    if (rival) return { kind: "ip_taken", ip: pod.ip, by: nameOf(rival) };
    const chosen = this.#claims.get(keyOf(entry) ?? "");
    if (!chosen) return undefined;
    return chosen.uid === uid
      ? { kind: "chosen", claim: chosen.claim }
      : { kind: "superseded", by: chosen.claim.owner };
  }

  /** The UIDs of the pods that are or could be behind these claims. */
  behind(keys: Iterable<string>): ReadonlySet<string> {
    return new Set(Array.from(keys).flatMap((key) => [...this.#byClaim.get(key) ?? []]));
  }

  #put(pod: Pod, ips: Set<string>, keys: Set<string>): void {
    const entry: Entry = pod.ip === undefined ? { pod } : { pod, parsed: this.#read(pod) };
    this.#entries.set(pod.uid, entry);
    const ip = ownIpOf(pod);
    if (ip !== undefined) add(this.#byIp, ip, pod.uid, ips);
    const key = keyOf(entry);
    if (key !== undefined) add(this.#byClaim, key, pod.uid, keys);
  }

  #take(uid: string, ips: Set<string>, keys: Set<string>): void {
    const entry = this.#entries.get(uid);
    if (!entry) return;
    this.#entries.delete(uid);
    const ip = ownIpOf(entry.pod);
    if (ip !== undefined) remove(this.#byIp, ip, uid, ips);
    const key = keyOf(entry);
    if (key !== undefined) remove(this.#byClaim, key, uid, keys);
  }

  /** Decides which pod is behind a claim. The claim stays the same object where it says what it said. */
  #choose(key: string): Claim | undefined {
    let chosen: { readonly pod: Pod; readonly session: Session } | undefined;
    let sinceMs = Infinity;
    for (const uid of this.#byClaim.get(key) ?? []) {
      const { pod, parsed } = this.#entries.get(uid) ?? {};
      if (!pod || !parsed?.ok || !takesCalls(pod) || this.#rivalFor(pod)) continue;
      sinceMs = Math.min(sinceMs, pod.createdAtMs);
      if (!chosen || isNewer(pod, chosen.pod)) chosen = { pod, session: parsed.session };
    }
    if (!chosen) {
      this.#claims.delete(key);
      return undefined;
    }
    const { session, pod: { uid } } = chosen;
    const owner = nameOf(chosen.pod);
    const before = this.#claims.get(key);
    const claim = before?.uid === uid && before.claim.sinceMs === sinceMs &&
        sameRegistration(before.claim.session, session)
      ? before.claim
      : { key, session, owner, rank: RANK, sinceMs };
    this.#claims.set(key, { claim, uid });
    return claim;
  }

  /** The pod that has this one's IP, or says so just as well. */
  #rivalFor(pod: Pod): Pod | undefined {
    for (const uid of this.#byIp.get(ownIpOf(pod) ?? "") ?? []) {
      const other = this.#entries.get(uid)?.pod;
      if (!other || uid === pod.uid || other.ended) continue;
      if (other.startedAtMs > pod.startedAtMs) return other;
      if (other.startedAtMs === pod.startedAtMs && !other.terminating) return other;
    }
    return undefined;
  }
}

export function nameOf({ namespace, name }: Pod): string {
  return `pod ${namespace}/${name}`;
}

/** Pods on their node's network share its IP by right: it tells nothing of them. */
function ownIpOf({ ip, hostNetwork }: Pod): string | undefined {
  return hostNetwork ? undefined : ip;
}

function takesCalls(pod: Pod): boolean {
  return pod.ready && !pod.terminating && !pod.ended;
}

function isNewer(a: Pod, b: Pod): boolean {
  return (a.startedAtMs - b.startedAtMs || a.createdAtMs - b.createdAtMs || (a.uid < b.uid ? -1 : 1)) > 0;
}

function keyOf(entry: Entry | undefined): string | undefined {
  return entry?.parsed?.ok ? `pods ${entry.pod.namespace}/${entry.parsed.session.id}` : undefined;
}

function add(index: Map<string, Set<string>>, key: string, uid: string, changed: Set<string>): void {
  const uids = index.get(key) ?? new Set();
  index.set(key, uids.add(uid));
  changed.add(key);
}

function remove(index: Map<string, Set<string>>, key: string, uid: string, changed: Set<string>): void {
  const uids = index.get(key);
  uids?.delete(uid);
  if (uids?.size === 0) index.delete(key);
  changed.add(key);
}
