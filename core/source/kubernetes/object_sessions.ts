import { isAtLeast } from "../../kubernetes/resource_version.ts";
import { sameRegistration } from "../../session/same_registration.ts";
import type { SessionRecord } from "../../session/session.ts";
import type { KubernetesStore, SessionObjectChanges } from "../../store/kubernetes_store.ts";
import type { SessionObject } from "../../store/session_object.ts";
import type { ClaimedSessions } from "./claimed_sessions.ts";
import type { Claim } from "./claims.ts";
import type { ObjectState, ObjectStatus } from "./object_status.ts";

export interface ObjectSessionsOptions {
  readonly sessions: Pick<ClaimedSessions, "apply" | "verdict" | "listen" | "claimants">;
  readonly store: () => Pick<KubernetesStore, "objects" | "get">;
  readonly table: { get(id: string): SessionRecord | undefined };
  readonly status: Pick<ObjectStatus, "review" | "forget">;
}

/** Before pods, which are not registered by anybody. */
const RANK = 0;

/** Makes Sessions of the cluster sessions that are served, and tells their status what became of them. */
export class ObjectSessions {
  readonly #options: ObjectSessionsOptions;
  /** By UID, of the objects that ask for something acceptable; `version` is that of the object when it began to. */
  readonly #claims = new Map<string, { readonly claim: Claim; readonly version: string }>();
  readonly #uids = new Map<string, string>();

  constructor(options: ObjectSessionsOptions) {
    this.#options = options;
    options.sessions.listen((keys) => {
      for (const key of keys) this.#review(this.#uids.get(key));
    });
  }

  /** Calls `taken` when what changed is served. */
  takeIn(changes: SessionObjectChanges, taken: () => void): void {
    const claims = new Map<string, Claim | undefined>();
    for (const [uid, object] of changes) {
      const before = this.#claims.get(uid)?.claim;
      const after = object && toClaim(object, before);
      if (after === before) continue;
      if (before) {
        claims.set(before.key, undefined);
        this.#claims.delete(uid);
        this.#uids.delete(before.key);
      }
      if (object && after) {
        claims.set(after.key, after);
        this.#claims.set(uid, { claim: after, version: object.resourceVersion });
        this.#uids.set(after.key, uid);
      }
    }
    this.#options.sessions.apply(claims, () => {
      taken();
      for (const uid of changes.keys()) this.#review(uid);
    });
  }

  /**
   * Whether another object that came before this one's present claim, but after `version`, asks for one of the hosts: who
   * wrote this one did not know of it.
   */
  cameLate(name: string, hosts: readonly string[], version: string): boolean {
    const { sessions, store } = this.#options;
    const own = this.#claims.get(store().get(name)?.uid ?? "");
    if (!own) return false;
    return hosts.flatMap((host) => sessions.claimants(host)).some(({ key }) => {
      const other = this.#claims.get(this.#uids.get(key) ?? "");
      return other && isAtLeast(own.version, other.version) && own !== other && !isAtLeast(version, other.version);
    });
  }

  /** What became of the object; `undefined` while that is being decided. */
  stateOf(object: SessionObject): ObjectState | undefined {
    const { parsed } = object;
    if (!parsed.ok) {
      const message = parsed.issues.map(({ path, message }) => `${path} ${message}`).join("; ");
      return { accepted: false, reason: "InvalidSession", message };
    }
    const { session } = parsed;
    const { claim } = this.#claims.get(object.uid) ?? {};
    const verdict = claim && this.#options.sessions.verdict(claim.key);
    if (!verdict) return undefined;
    if (verdict.problem === undefined) return { accepted: true, session };
    return { accepted: false, reason: "NotServable", message: verdict.problem };
  }

  #review(uid: string | undefined): void {
    if (uid === undefined) return;
    const { status, store, table } = this.#options;
    const object = store().objects.get(uid);
    const state = object && this.stateOf(object);
    if (!object) return status.forget(uid);
    if (!state) return;
    const problem = state.accepted ? table.get(state.session.id)?.problem : undefined;
    status.review(object, problem === undefined ? state : { accepted: false, reason: "NoEndpoints", message: problem });
  }
}

/** The same claim as before where the object asks for the same: its status, too, is a change of it. */
function toClaim({ uid, namespace, name, parsed, createdAtMs, expiresAtMs }: SessionObject, before: Claim | undefined) {
  if (!parsed.ok) return undefined;
  const { session } = parsed;
  if (before?.expiresAtMs === expiresAtMs && before && sameRegistration(before.session, session)) return before;
  return {
    key: `sessions ${namespace}/${name} ${uid}`,
    session,
    owner: `session ${namespace}/${name}`,
    isRegistered: true,
    rank: RANK,
    sinceMs: createdAtMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
