import type { ReportObserved } from "../observation_queue.ts";
import type { Observation } from "../operation.ts";
import { type Claim, Claims } from "./claims.ts";

/** What became of a claim, once that is published. */
export interface Verdict {
  /** The session is the claim's, and is served as it says. */
  readonly served: boolean;
  /** Why it is not, for people. */
  readonly problem?: string;
}

export interface ClaimedSessionsOptions {
  readonly registrar: { observe(observations: readonly Observation[], report: ReportObserved): void };
}

type Listener = (keys: ReadonlySet<string>) => void;

/** Claims to sessions in, what the registrar makes of those that win out. Claims may come from several sources. */
export class ClaimedSessions {
  readonly #registrar: ClaimedSessionsOptions["registrar"];
  readonly #claims = new Claims();
  readonly #verdicts = new Map<string, Verdict>();
  readonly #listeners = new Set<Listener>();
  /** Whether the registrar has something that it has not reported on. */
  #outstanding = false;
  /** Who is to be told, and of which claims, when it has. */
  #decided = new Set<string>();
  #published: (() => void)[] = [];

  constructor({ registrar }: ClaimedSessionsOptions) {
    this.#registrar = registrar;
  }

  /**
   * Takes in claims by their keys, all in one step; `undefined` for one that is given up. `published` is called when what
   * that changes is published, after the listeners.
   */
  apply(changes: ReadonlyMap<string, Claim | undefined>, published: () => void): void {
    const { winners, verdicts } = this.#claims.apply(changes);
    for (const [key, claim] of changes) {
      this.#decided.add(key);
      if (!claim) this.#verdicts.delete(key);
    }
    for (const [key, lost] of verdicts) {
      this.#decided.add(key);
      if (lost) this.#verdicts.set(key, { served: false, problem: `${lost.name} is taken by ${lost.to.owner}` });
    }
    const observations = Array.from(winners, ([id, claim]): Observation => {
      if (!claim) return { kind: "gone", id };
      this.#verdicts.delete(claim.key);
      return toObservation(claim);
    });
    this.#published.push(published);
    if (observations.length > 0) {
      this.#outstanding = true;
      this.#registrar.observe(observations, (outcomes) => this.#report(outcomes));
    }
    if (!this.#outstanding) this.#tell();
  }

  /** `undefined` where there is no such claim, or what became of it is not published yet. */
  verdict(key: string): Verdict | undefined {
    return this.#verdicts.get(key);
  }

  /** Who claims the host, whoever has it. */
  claimants(host: string): readonly Claim[] {
    return this.#claims.claimants(host);
  }

  /** `listener` is told the keys of claims whose verdict could have become another. */
  listen(listener: Listener): void {
    this.#listeners.add(listener);
  }

  /** Something else became of sessions, and is published: listeners look at those that are claims'. */
  review(ids: Iterable<string>): void {
    for (const id of ids) {
      const winner = this.#claims.winner(id);
      if (winner) this.#decided.add(winner.key);
    }
    if (!this.#outstanding) this.#tell();
  }

  #report(outcomes: Parameters<ReportObserved>[0]): void {
    for (const [id, error] of outcomes) {
      const claim = this.#claims.winner(id);
      if (!claim) continue;
      const reasons = error && [error.message, ...error.issues.map(({ path, message }) => `${path}: ${message}`)];
      this.#verdicts.set(claim.key, reasons ? { served: false, problem: reasons.join("; ") } : { served: true });
      this.#decided.add(claim.key);
    }
    // The registrar takes all that it has been told at once.
    this.#outstanding = false;
    this.#tell();
  }

  #tell(): void {
    const [decided, published] = [this.#decided, this.#published];
    this.#decided = new Set();
    this.#published = [];
    if (decided.size > 0) { for (const listener of this.#listeners) listener(decided); }
    for (const callback of published) callback();
  }
}

function toObservation({ session, owner, isRegistered = false, expiresAtMs }: Claim): Observation {
  return {
    kind: "present",
    session,
    ...(isRegistered ? {} : { owner }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  };
}
