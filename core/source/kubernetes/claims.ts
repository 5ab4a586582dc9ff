import type { Session } from "../../session/session.ts";

/** Somebody who says that there is a session. */
export interface Claim {
  /** Unique among the claims. */
  readonly key: string;
  readonly session: Session;
  /** What the session follows, for people. */
  readonly owner: string;
  /** It was registered: whoever can register sessions may change it, and it follows nothing else. */
  readonly isRegistered?: boolean;
  /** When it ends, in milliseconds since the epoch. */
  readonly expiresAtMs?: number;
  /** Of two that claim one name, that with the lower rank has it, then the one that was there earlier. */
  readonly rank: number;
  readonly sinceMs: number;
}

/** Why a claim is not heeded: `name` is an id or a host that another claim has. */
export interface LostClaim {
  readonly name: string;
  readonly to: Claim;
}

export interface ClaimChanges {
  /** The ids whose claim became another, or `undefined` where there is none any more. */
  readonly winners: ReadonlyMap<string, Claim | undefined>;
  /** Every claim that the change could concern, by its key: why it is not heeded, or `undefined` where it is. */
  readonly verdicts: ReadonlyMap<string, LostClaim | undefined>;
}

/**
 * Who has which id and which hosts, where several say so. It depends on the claims alone, not on the order in which they
 * came: every replica decides alike, and so does one that was started anew. A claim that loses one name gets nothing.
 */
export class Claims {
  readonly #claims = new Map<string, Claim>();
  /** The claims of each id and each host, the first one first. */
  readonly #byName = new Map<string, readonly Claim[]>();
  readonly #winners = new Map<string, Claim>();

  /** Takes in claims by their keys; `undefined` for one that is given up. */
  apply(changes: ReadonlyMap<string, Claim | undefined>): ClaimChanges {
    const names = new Set<string>();
    const concerned = new Set<Claim>();
    for (const [key, next] of changes) {
      const previous = this.#claims.get(key);
      if (previous) this.#take(previous, names);
      if (next) this.#put(next, names);
    }
    for (const name of names) for (const claim of this.#byName.get(name) ?? []) concerned.add(claim);

    const verdicts = new Map<string, LostClaim | undefined>();
    const ids = new Set(Array.from(names).filter((name) => name.startsWith(ID)).map((name) => name.slice(ID.length)));
    for (const claim of concerned) {
      verdicts.set(claim.key, this.#lost(claim));
      ids.add(claim.session.id);
    }
    const winners = new Map<string, Claim | undefined>();
    for (const id of ids) {
      const [first] = this.#byName.get(ID + id) ?? [];
      const winner = first && this.#lost(first) === undefined ? first : undefined;
      if (winner === this.#winners.get(id)) continue;
      winners.set(id, winner);
      if (winner) this.#winners.set(id, winner);
      else this.#winners.delete(id);
    }
    return { winners, verdicts };
  }

  /** The claim that has the session. */
  winner(id: string): Claim | undefined {
    return this.#winners.get(id);
  }

  /** Who claims the host, the first one first. */
  claimants(host: string): readonly Claim[] {
    return this.#byName.get(HOST + host) ?? [];
  }

  #put(claim: Claim, names: Set<string>): void {
    this.#claims.set(claim.key, claim);
    for (const name of namesOf(claim)) {
      names.add(name);
      const others = this.#byName.get(name) ?? [];
      this.#byName.set(name, others.length === 0 ? [claim] : [...others, claim].sort(earlierFirst));
    }
  }

  #take(claim: Claim, names: Set<string>): void {
    this.#claims.delete(claim.key);
    for (const name of namesOf(claim)) {
      names.add(name);
      const others = (this.#byName.get(name) ?? []).filter((other) => other !== claim);
      if (others.length === 0) this.#byName.delete(name);
      else this.#byName.set(name, others);
    }
  }

  #lost(claim: Claim): LostClaim | undefined {
    for (const name of namesOf(claim)) {
      const [first] = this.#byName.get(name) ?? [];
      if (first && first !== claim) return { name: name.slice(ID.length), to: first };
    }
    return undefined;
  }
}

/** Ids and hosts are told apart by what comes before them; both are as long. */
const ID = "i/";
const HOST = "h/";

function namesOf({ session: { id, host, aliases } }: Claim): readonly string[] {
  return [ID + id, HOST + host, ...aliases.map((alias) => HOST + alias)];
}

function earlierFirst(a: Claim, b: Claim): number {
  return a.rank - b.rank || a.sinceMs - b.sinceMs || (a.key < b.key ? -1 : 1);
}
