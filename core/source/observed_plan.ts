import { withEndpoints } from "../session/endpoints.ts";
import { sameBackends, sameRegistration } from "../session/same_registration.ts";
import type { Session, SessionRecord } from "../session/session.ts";
import type { SessionDraft } from "../session/session_draft.ts";
import type { SessionTable } from "../session/session_table.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { toIssue } from "./commit_plan.ts";
import type { BuildResult, Observation, Publication } from "./operation.ts";

export interface ObservedPlanOptions<F> {
  /** Of what is changed. */
  readonly generation: number;
  /** Whether sessions that follow nothing are a store's, and none of those that are observed. */
  readonly hasStore: boolean;
  /** Does not throw. */
  readonly build: (session: Session) => BuildResult<F>;
  /** As of the registrar. */
  readonly isServed: (id: string, fragment: F) => boolean;
}

type Present = Extract<Observation, { readonly kind: "present" }>;

/**
 * What observations make of the table, all of them in one step, so that hosts can pass from one session to another. What
 * is registered in the store stays as it is. A session that cannot be built is there and not served: what was served of it
 * may lead elsewhere by now.
 */
export class ObservedPlan<F> {
  readonly #table: SessionTable;
  readonly #options: ObservedPlanOptions<F>;
  readonly #fragments = new Map<string, F | undefined>();
  readonly #problems = new Map<string, SignalboxError>();
  readonly #blocked = new Set<string>();
  readonly draft: SessionDraft;

  /** `observations` has at most one an id. */
  constructor(table: SessionTable, observations: readonly Observation[], options: ObservedPlanOptions<F>) {
    this.#table = table;
    this.#options = options;
    this.draft = table.draft();
    const changed = observations.filter((observation) => !this.#leavesAsItIs(observation));
    for (const observation of changed) this.#clear(idOf(observation));
    for (const observation of changed) if (observation.kind === "present") this.#put(observation);
  }

  /** Why sessions that are there are not served, by id. */
  get problems(): ReadonlyMap<string, SignalboxError> {
    return this.#problems;
  }

  /** The ids of those that wait until a registered session gives up its id or its host. */
  get blocked(): ReadonlySet<string> {
    return this.#blocked;
  }

  /** Whether any session came, changed or went. */
  get changesSessions(): boolean {
    return this.#fragments.size > 0;
  }

  /** What came and went within the plan is left out. Read it before the draft is applied. */
  publications(): readonly Publication<F>[] {
    return Array.from(this.#fragments).flatMap(([id, fragment]): Publication<F>[] => {
      const before = this.#table.get(id);
      if (before !== undefined) return [{ id, fragment, before }];
      return fragment === undefined ? [] : [{ id, fragment }];
    });
  }

  #leavesAsItIs(observation: Observation): boolean {
    const present = this.#table.get(idOf(observation));
    if (present && present.owner === undefined && this.#options.hasStore) {
      if (observation.kind === "present") this.#block(present.session.id, "its id is registered");
      return true;
    }
    if (observation.kind === "gone") return !present;
    if (!present || !sameRegistration(present.session, observation.session)) return false;
    const { generation, session, problem } = present;
    const same = { session, generation, ...(problem === undefined ? {} : { problem }) };
    this.draft.put({ ...withoutKind(observation), ...same });
    return true;
  }

  /** To be told after the observations of a session, whosever it is, whose Service has other endpoints now. */
  follow(id: string): void {
    const present = this.draft.get(id);
    // What has just been built knows of them.
    if (!present || this.#fragments.has(id)) return;
    const { build, isServed, generation } = this.#options;
    const built = build(present.session);
    const next = withEndpoints(present, built.endpoints);
    const isSame = next.problem === present.problem && sameBackends(next.session.backends, present.session.backends);
    if (isSame && built.ok && isServed(id, built.fragment)) return;
    this.#take({ ...present, generation }, built);
  }

  /** Before anything is put: a host that one gives up is another's in the same step. */
  #clear(id: string): void {
    if (this.draft.delete(id)) this.#fragments.set(id, undefined);
  }

  #put(observation: Present): void {
    const { session } = observation;
    const taken = this.draft.findTakenHost(session);
    if (taken) return this.#block(session.id, `"${taken.owner}" has ${taken.host}`);
    this.#take({ ...withoutKind(observation), generation: this.#options.generation }, this.#options.build(session));
  }

  #take(record: SessionRecord, built: BuildResult<F>): void {
    const { session } = record;
    this.draft.put(withEndpoints(record, built.endpoints));
    this.#fragments.set(session.id, built.ok ? built.fragment : undefined);
    if (built.ok) return;
    const message = `Cannot serve session "${session.id}": no resources can be made of it`;
    const issues = built.failures.map(toIssue);
    this.#problems.set(session.id, new SignalboxError("invalid_request", message, { issues }));
  }

  #block(id: string, state: string): void {
    this.#blocked.add(id);
    this.#problems.set(id, new SignalboxError("host_taken", `Cannot serve session "${id}": ${state}`));
  }
}

export function idOf(observation: Observation): string {
  return observation.kind === "present" ? observation.session.id : observation.id;
}

function withoutKind({ kind: _, ...rest }: Present) {
  return rest;
}
