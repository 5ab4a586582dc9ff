import { type Claim, Claims } from "./claims.ts";
import type { ReportObserved } from "./observation_queue.ts";
import type { Observation } from "./operation.ts";

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

  constructor({ registrar }: ClaimedSessionsOptions) {
    this.#registrar = registrar;
  }

  /** Takes in claims by their keys, all in one step; `undefined` for one that is given up. */
  apply(changes: ReadonlyMap<string, Claim | undefined>): void {
    if (changes.size === 0) return;
    const { winners, verdicts } = this.#claims.apply(changes);
    const decided = new Set<string>();
    for (const [key, claim] of changes) {
      if (claim) continue;
      this.#verdicts.delete(key);
      decided.add(key);
    }
    for (const [key, lost] of verdicts) {
      if (!lost) continue;
      this.#verdicts.set(key, { served: false, problem: `${lost.name} is taken by ${lost.to.owner}` });
      decided.add(key);
    }
    const observations = Array.from(winners, ([id, claim]): Observation => {
      if (!claim) return { kind: "gone", id };
      this.#verdicts.delete(claim.key);
      return { kind: "present", session: claim.session, owner: claim.owner };
    });
    if (observations.length > 0) this.#registrar.observe(observations, (outcomes) => this.#report(outcomes));
    this.#tell(decided);
  }

  /** `undefined` where there is no such claim, or nothing was decided yet. */
  verdict(key: string): Verdict | undefined {
    return this.#verdicts.get(key);
  }

  /** `listener` is told the keys of claims whose verdict could have become another. */
  listen(listener: Listener): void {
    this.#listeners.add(listener);
  }

  #report(outcomes: Parameters<ReportObserved>[0]): void {
    const decided = new Set<string>();
    for (const [id, error] of outcomes) {
      const claim = this.#claims.winner(id);
      if (!claim) continue;
      const reasons = error && [error.message, ...error.issues.map(({ path, message }) => `${path}: ${message}`)];
      this.#verdicts.set(claim.key, reasons ? { served: false, problem: reasons.join("; ") } : { served: true });
      decided.add(claim.key);
    }
    this.#tell(decided);
  }

  #tell(keys: ReadonlySet<string>): void {
    if (keys.size > 0) { for (const listener of this.#listeners) listener(keys); }
  }
}
