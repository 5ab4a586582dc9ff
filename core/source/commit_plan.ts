import { withEndpoints } from "../session/endpoints.ts";
import { sameRegistration } from "../session/same_registration.ts";
import type { Session, SessionRecord } from "../session/session.ts";
import type { SessionDraft } from "../session/session_draft.ts";
import type { SessionTable } from "../session/session_table.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { StoreChange } from "../store/store.ts";
import type { BuildFailure, BuildResult, Operation, Outcome, Publication } from "./operation.ts";

export interface CommitPlanOptions<F> {
  /** Of what this commit changes. */
  readonly generation: number;
  readonly nowMs: number;
  readonly build: (session: Session) => BuildResult<F>;
  /** Sessions that could not be built: registered again as they are, they are tried again. */
  readonly failing?: ReadonlySet<string>;
}

/** What one commit will do: operations decided one after the other, each on top of those before it. Changes nothing itself. */
export class CommitPlan<F> {
  readonly #table: SessionTable;
  readonly #options: CommitPlanOptions<F>;
  readonly #fragments = new Map<string, F | undefined>();
  readonly draft: SessionDraft;

  constructor(table: SessionTable, options: CommitPlanOptions<F>) {
    this.#table = table;
    this.#options = options;
    this.draft = table.draft();
  }

  /** Never throws: a defect, such as a builder that throws, costs the operation that met it and not those beside it. */
  decide(operation: Operation): Outcome {
    try {
      return operation.kind === "register" ? this.#register(operation.session) : this.#deregister(operation.id);
    } catch (thrown) {
      return { status: "refused", error: SignalboxError.from(thrown) };
    }
  }

  /** Removes the session unless it is gone, has been renewed, or follows something that ends it; whether it did. */
  expire(id: string): boolean {
    const { expiresAtMs, owner } = this.draft.get(id) ?? {};
    if (expiresAtMs === undefined || owner !== undefined || expiresAtMs > this.#options.nowMs) return false;
    this.#deregister(id);
    return true;
  }

  /** Whether the session came, changed or went, or is published anew. */
  has(id: string): boolean {
    return this.#fragments.has(id);
  }

  /** Publishes a session anew that stays registered as it is; without a fragment it is not served. */
  publish(id: string, fragment: F | undefined): void {
    this.#fragments.set(id, fragment);
  }

  /** Whether any session came, changed, went or is published anew; a renewal is no such change. */
  get changesSessions(): boolean {
    return this.#fragments.size > 0;
  }

  /** What the store must be told, once for each id. */
  storeChanges(): readonly StoreChange[] {
    return Array.from(this.draft.changes()).flatMap(([id, record]): StoreChange[] => {
      if (record !== undefined) return [{ kind: "put", record }];
      return this.#table.get(id) === undefined ? [] : [{ kind: "delete", id }];
    });
  }

  /** In the order of the first change; what came and went within the plan is left out. Read it before the draft is applied. */
  publications(): readonly Publication<F>[] {
    return Array.from(this.#fragments).flatMap(([id, fragment]): Publication<F>[] => {
      const before = this.#table.get(id);
      if (before !== undefined) return [{ id, fragment, before }];
      return fragment === undefined ? [] : [{ id, fragment }];
    });
  }

  #register(session: Session): Outcome {
    const present = this.draft.get(session.id);
    if (present?.owner !== undefined) return this.#leave("register", present);
    if (present !== undefined && sameRegistration(present.session, session)) {
      // Renewed in any case: whatever is wrong, the session shall not be lost by it.
      if (this.#options.failing?.has(session.id)) this.#tryAgain(present.session);
      return this.#renew(present);
    }
    const taken = this.#findTakenHost(session);
    if (taken !== undefined) {
      const message = `is taken: session "${taken.owner}" has ${taken.host}`;
      return refuse("host_taken", `Cannot register "${session.id}": host ${taken.host} is taken`, [
        { path: taken.path, message },
      ]);
    }
    const built = this.#options.build(session);
    if (!built.ok) {
      return refuse(
        "invalid_request",
        `Cannot register "${session.id}": no resources can be made of it`,
        built.failures.map(toIssue),
      );
    }
    const { generation } = this.#options;
    const record = withEndpoints({ session, generation, ...this.#expiry(session) }, built.endpoints);
    this.draft.put(record);
    this.#fragments.set(session.id, built.fragment);
    return { status: present === undefined ? "created" : "changed", record };
  }

  /** An expired session keeps no host from anybody, however long the commit that removes it had to wait. */
  #findTakenHost(session: Session): ReturnType<SessionDraft["findTakenHost"]> {
    let taken = this.draft.findTakenHost(session);
    while (taken !== undefined && this.expire(taken.owner)) taken = this.draft.findTakenHost(session);
    return taken;
  }

  #renew(present: SessionRecord): Outcome {
    if (present.session.ttlMs === undefined) return { status: "unchanged", record: present };
    const record = { ...present, ...this.#expiry(present.session) };
    this.draft.put(record);
    return { status: "unchanged", record };
  }

  #tryAgain(session: Session): void {
    const built = this.#options.build(session);
    if (built.ok) this.#fragments.set(session.id, built.fragment);
  }

  #deregister(id: string): Outcome {
    const present = this.draft.get(id);
    if (present?.owner !== undefined) return this.#leave("remove", present);
    if (!this.draft.delete(id)) return refuse("not_found", `Cannot remove session "${id}": there is none`, []);
    this.#fragments.set(id, undefined);
    return { status: "deleted", id };
  }

  #leave(action: string, { session: { id }, owner }: SessionRecord): Outcome {
    return refuse("session_owned", `Cannot ${action} session "${id}": it follows ${owner}`, []);
  }

  #expiry({ ttlMs }: Session): Pick<SessionRecord, "expiresAtMs"> {
    return ttlMs === undefined ? {} : { expiresAtMs: this.#options.nowMs + ttlMs };
  }
}

function refuse(
  code: "host_taken" | "session_owned" | "not_found" | "invalid_request",
  message: string,
  issues: readonly Issue[],
): Outcome {
  return { status: "refused", error: new SignalboxError(code, message, { issues }) };
}

export function toIssue({ path, message, plugin, hook }: BuildFailure): Issue {
  // Without a hook it is about what the session says to the plugin, and the path names that.
  if (plugin === undefined || hook === undefined) return { path, message };
  return { path, message: `${message} (plugin ${plugin}, hook ${hook})` };
}
