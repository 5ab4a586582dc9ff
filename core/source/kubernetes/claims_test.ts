import assert from "node:assert/strict";
import fc from "fast-check";
import { sampleSession } from "../testdata/registrar_bed.ts";
import { type Claim, Claims } from "./claims.ts";

function claim(key: string, id: string, changes: Partial<Claim> & { readonly hosts?: readonly string[] } = {}): Claim {
  const { hosts: [host = `${id}.example.org`, ...aliases] = [], ...rest } = changes;
  return { key, session: sampleSession(id, { host, aliases }), owner: `pod ${key}`, rank: 1, sinceMs: 0, ...rest };
}

const put = (...claims: readonly Claim[]) => new Map(claims.map((claim) => [claim.key, claim]));

Deno.test("Claims give a session to who claims it alone, and take it back", () => {
  const claims = new Claims();
  const a = claim("a", "s1");
  const { winners, verdicts } = claims.apply(put(a));
  assert.deepEqual([...winners], [["s1", a]]);
  assert.deepEqual([...verdicts], [["a", undefined]]);
  assert.equal(claims.winner("s1"), a);
  assert.deepEqual([...claims.apply(new Map([["a", undefined]])).winners], [["s1", undefined]]);
  assert.equal(claims.winner("s1"), undefined);
});

Deno.test("Claims give an id and a host to the lower rank, then to the earlier one, then by key", () => {
  const cases: readonly (readonly [winner: Claim, loser: Claim])[] = [
    [claim("b", "s1", { rank: 0, sinceMs: 9 }), claim("a", "s1")],
    [claim("b", "s1", { sinceMs: 1 }), claim("a", "s1", { sinceMs: 2 })],
    [claim("a", "s1"), claim("b", "s1")],
    [claim("a", "s1", { hosts: ["h"] }), claim("b", "s2", { hosts: ["h"] })],
    [claim("a", "s1", { hosts: ["x", "h"] }), claim("b", "s2", { hosts: ["y", "h"] })],
  ];
  for (const [winner, loser] of cases) {
    const claims = new Claims();
    claims.apply(put(loser));
    const { winners, verdicts } = claims.apply(put(winner));
    assert.equal(winners.get(winner.session.id), winner);
    assert.equal(claims.winner(winner.session.id), winner);
    assert.equal(verdicts.get(loser.key)?.to, winner);
    if (loser.session.id !== winner.session.id) assert.equal(winners.get(loser.session.id), undefined);
    // What the winner gives up is the other's.
    const after = claims.apply(new Map([[winner.key, undefined]]));
    assert.equal(after.winners.get(loser.session.id), loser);
    assert.deepEqual([...after.verdicts], [[loser.key, undefined]]);
  }
});

Deno.test("Claims tell a name that is lost, and leave alone whom it does not concern", () => {
  const claims = new Claims();
  claims.apply(put(claim("a", "s1", { hosts: ["h"] }), claim("c", "s3")));
  const { winners, verdicts } = claims.apply(put(claim("b", "s2", { hosts: ["h"] })));
  assert.equal(verdicts.get("b")?.name, "h");
  assert.deepEqual([...winners], []);
  assert.deepEqual([...verdicts.keys()].sort(), ["a", "b"]);
});

Deno.test("Claims decide by what there is, not by the order in which it came", () => {
  const keys = ["a", "b", "c", "d"];
  const step = fc.record({
    key: fc.constantFrom(...keys),
    id: fc.constantFrom("s1", "s2", "s3"),
    hosts: fc.uniqueArray(fc.constantFrom("h1", "h2", "h3"), { minLength: 1 }),
    rank: fc.constantFrom(0, 1),
    sinceMs: fc.constantFrom(0, 1),
    gone: fc.boolean(),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const claims = new Claims();
    const known = new Map<string, Claim>();
    const winners = new Map<string, Claim>();
    for (const { key, id, hosts, rank, sinceMs, gone } of steps) {
      const next = gone ? undefined : claim(key, id, { hosts, rank, sinceMs });
      if (next) known.set(key, next);
      else known.delete(key);
      for (const [id, winner] of claims.apply(new Map([[key, next]])).winners) {
        if (winner) winners.set(id, winner);
        else winners.delete(id);
      }
    }
    const fresh = new Claims().apply(known).winners;
    assert.deepEqual(new Map([...winners].sort()), new Map([...fresh].sort()));
    const hosts = [...winners.values()].flatMap(({ session: { host, aliases } }) => [host, ...aliases]);
    assert.equal(new Set(hosts).size, hosts.length, "two sessions have one host");
  }));
});
