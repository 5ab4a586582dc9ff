import { sameRegistration } from "../../session/same_registration.ts";
import type { Session, SessionRecord } from "../../session/session.ts";
import type { Operation } from "../operation.ts";

/** An outcome without the words of its error. */
export type ModelOutcome =
  | { readonly status: "created" | "changed" | "unchanged"; readonly record: SessionRecord }
  | { readonly status: "deleted"; readonly id: string }
  | { readonly status: "refused"; readonly code: string };

/** What a registrar is to do, said without drafts, queues or timers. */
export class RegistrarModel {
  records = new Map<string, SessionRecord>();
  /** In the store, though expired before the start. */
  leftovers = new Map<string, SessionRecord>();
  generation = 0;

  /** One commit of `operations`; `undefined` where it fails. A commit that has nothing to write cannot. */
  commit(
    operations: readonly Operation[],
    { nowMs, fails }: { readonly nowMs: number; readonly fails: boolean },
  ): readonly ModelOutcome[] | undefined {
    const before = new Map(this.records);
    const outcomes = operations.map((operation) => this.#decide(operation, nowMs));
    this.#removeExpired(nowMs, () => true);
    const gone = [...before.keys()].some((id) => !this.records.has(id));
    const removals = [...this.leftovers.keys()].filter((id) => !this.records.has(id));
    const changes = gone || removals.length > 0 ||
      outcomes.some(({ status }) => status === "created" || status === "changed" || status === "deleted");
    const renews = [...this.records].some(([id, record]) => before.get(id) !== record);
    if (!changes && !renews) return outcomes;
    if (fails) {
      this.records = before;
      return undefined;
    }
    this.leftovers.clear();
    if (changes) this.generation++;
    return outcomes;
  }

  restart({ nowMs, fails }: { readonly nowMs: number; readonly fails: boolean }): void {
    // The clock may have gone back, and then they have not expired.
    const stored = [...this.leftovers, ...this.records];
    this.leftovers.clear();
    for (const [id, record] of stored) {
      if ((record.expiresAtMs ?? Infinity) > nowMs) {
        this.records.set(id, record);
      } else {
        this.records.delete(id);
        this.leftovers.set(id, record);
      }
    }
    if (this.leftovers.size > 0) this.commit([], { nowMs, fails });
  }

  /** Enough time passes for everything that ends until `nowMs` to be removed, in any number of commits. */
  pass(nowMs: number): void {
    this.leftovers.clear();
    this.#removeExpired(nowMs, () => true);
  }

  /** In the order of ids. */
  sorted(): readonly SessionRecord[] {
    return [...this.records.values()].sort((a, b) => a.session.id < b.session.id ? -1 : 1);
  }

  ownerOf(host: string): string | undefined {
    return this.sorted().find(({ session }) => hostsOf(session).includes(host))?.session.id;
  }

  #decide(operation: Operation, nowMs: number): ModelOutcome {
    if (operation.kind === "deregister") {
      const { id } = operation;
      return this.records.delete(id) ? { status: "deleted", id } : { status: "refused", code: "not_found" };
    }
    const { session } = operation;
    const present = this.records.get(session.id);
    const same = present !== undefined && sameRegistration(present.session, session);
    if (!same) {
      const takenHosts = hostsOf(session).filter((host) => ![undefined, session.id].includes(this.ownerOf(host)));
      for (const host of takenHosts) {
        const owner = this.ownerOf(host);
        if (owner === undefined) continue; // It went with the host before.
        if (!this.#removeExpired(nowMs, (id) => id === owner)) return { status: "refused", code: "host_taken" };
      }
      if (session.labels.build === "fails") return { status: "refused", code: "invalid_request" };
      if (session.labels.build === "throws") return { status: "refused", code: "internal" };
    }
    if (same && session.ttlMs === undefined) return { status: "unchanged", record: present };
    const record = {
      session,
      generation: same ? present.generation : this.generation + 1,
      ...(session.ttlMs === undefined ? {} : { expiresAtMs: nowMs + session.ttlMs }),
    };
    this.records.set(session.id, record);
    return { status: same ? "unchanged" : present ? "changed" : "created", record };
  }

  #removeExpired(nowMs: number, among: (id: string) => boolean): boolean {
    const expired = [...this.records].filter(([id, { expiresAtMs = Infinity }]) => expiresAtMs <= nowMs && among(id));
    for (const [id] of expired) this.records.delete(id);
    return expired.length > 0;
  }
}

function hostsOf({ host, aliases }: Session): readonly string[] {
  return [host, ...aliases];
}
