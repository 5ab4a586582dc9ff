import assert from "node:assert/strict";
import fc from "fast-check";
import { isDeepStrictEqual } from "node:util";
import { Deliveries, type Recipient } from "../../observe/deliveries.ts";
import { Receipts } from "../receipts.ts";
import { FakeTime } from "../testdata/fake_time.ts";
import { FleetReceipts } from "./fleet_receipts.ts";
import type { Answers, ReplicaObject } from "./replica_object.ts";

/** A replica whose caches are at step 5, with which session `s1` came. */
interface Member {
  readonly deliveries: Deliveries;
  readonly fleet: FleetReceipts;
  /** How often it said something. */
  said: number;
}

/** Replicas that hear of each other at once. */
function bed() {
  const time = new FakeTime(0);
  const members = new Map<string, Member>();
  const statements = new Map<string, Answers>();
  const listeners = new Map<string, () => void>();
  const tell = () => listeners.forEach((listener) => listener());
  let connections = 0;
  return {
    time,
    members,
    statements,
    start(name: string): Member {
      const deliveries = new Deliveries();
      const steps = { revision: 5, changedAt: (id: string) => id === "s1" ? 5 : undefined, revisionOf: () => 5 };
      const receipts = new Receipts({ deliveries, steps, timers: time, nowMs: () => time.now() });
      statements.set(name, new Map());
      const fleet = new FleetReceipts({
        receipts,
        replicas: {
          get others() {
            return Array.from(statements, ([name, answers]): ReplicaObject => {
              return { uid: name, name, resourceVersion: "1", renewals: 0, answers };
            }).filter((other) => other.name !== name);
          },
          listen: (listener) => void listeners.set(name, listener),
          say(answers) {
            if (isDeepStrictEqual(answers, statements.get(name))) return;
            member.said++;
            statements.set(name, answers);
            tell();
          },
        },
        timers: time,
        nowMs: () => time.now(),
      });
      const member: Member = { deliveries, fleet, said: 0 };
      members.set(name, member);
      tell();
      return member;
    },
    /** As `kill -9`, once it is known. */
    kill(name: string) {
      members.get(name)?.fleet.close();
      members.delete(name);
      statements.delete(name);
      listeners.delete(name);
      tell();
    },
    connect({ deliveries }: Member, node: string, group = "default"): Recipient {
      const recipient = { id: ++connections, node: { id: node }, group, dialect: "envoy" } as const;
      deliveries.opened(recipient, time.now());
      return recipient;
    },
  };
}

const S1 = { session: { id: "s1" } };

Deno.test("FleetReceipts say live when the Envoys of every replica have it", async () => {
  const { time, start, connect } = bed();
  const [a, b] = [start("a"), start("b")];
  const [atA, atB] = [connect(a, "envoy-a"), connect(b, "envoy-b")];
  a.fleet.ask("k", S1);
  a.deliveries.progressed(atA, 5, 0);
  await time.advance(100);
  assert.deepEqual([a.fleet.delivery("k")?.state, a.fleet.delivery("k")?.unanswered], ["pending", ["b"]]);
  // It does not know of the session yet, or its Envoy does not.
  b.fleet.ask("k", S1);
  b.deliveries.progressed(atB, 4, 0);
  await time.advance(100);
  assert.deepEqual(a.fleet.delivery("k")?.unanswered, ["b"]);
  b.deliveries.progressed(atB, 5, 0);
  await time.advance(100);
  assert.equal(a.fleet.delivery("k")?.state, "live");
  assert.equal(b.fleet.delivery("k")?.state, "live");
  // Who leads has no need to answer, and does again when it leads no more.
  for (const [leads, state] of [[true, "pending"], [false, "live"]] as const) {
    a.fleet.lead(leads);
    await time.advance(100);
    assert.deepEqual([a, b].map(({ fleet }) => fleet.delivery("k")?.state), ["live", state]);
  }
  b.fleet.drop("k");
  await time.advance(100);
  assert.equal(a.fleet.delivery("k")?.state, "pending");
});

Deno.test("FleetReceipts count no replica without Envoys, and know when there are none at all", async () => {
  const { time, start, connect } = bed();
  const [a, b] = [start("a"), start("b")];
  for (const { fleet } of [a, b]) fleet.ask("k", S1);
  await time.advance(100);
  assert.deepEqual([a, b].map(({ fleet }) => fleet.delivery("k")?.state), ["nobody", "nobody"]);
  const envoy = connect(b, "envoy-b");
  await time.advance(100);
  assert.deepEqual([a, b].map(({ fleet }) => fleet.delivery("k")?.state), ["pending", "pending"]);
  b.deliveries.progressed(envoy, 5, 0);
  await time.advance(100);
  assert.deepEqual([a, b].map(({ fleet }) => fleet.delivery("k")?.state), ["live", "live"]);
});

Deno.test("FleetReceipts wait for Envoys of the session's groups only", async () => {
  const { time, start, connect } = bed();
  const [a, b] = [start("a"), start("b")];
  const envoy = connect(a, "envoy-a", "eu");
  connect(b, "envoy-b", "us");
  for (const { fleet } of [a, b]) fleet.ask("k", { session: { id: "s1", groups: ["eu"] } });
  a.deliveries.progressed(envoy, 5, 0);
  await time.advance(100);
  assert.equal(b.fleet.delivery("k")?.state, "live");
});

Deno.test("FleetReceipts hand on what an Envoy of another replica says when it rejects a session", async () => {
  const { time, start, connect } = bed();
  const [a, b] = [start("a"), start("b")];
  const envoy = connect(b, "envoy-b");
  for (const { fleet } of [a, b]) fleet.ask("k", S1);
  const message = "x".repeat(1000);
  b.deliveries.rejected(envoy, "s1", { resource: "s1", type: "cluster", message }, () => true);
  await time.advance(100);
  const { state, rejections = [] } = a.fleet.delivery("k") ?? {};
  assert.equal(state, "rejected");
  assert.match(rejections.join(), /^Envoy envoy-b rejects cluster s1: x+$/);
  assert.ok(rejections.join().length <= 200);
});

Deno.test("FleetReceipts say nothing where nothing is asked, and many answers at once and less often", async () => {
  const { time, start, connect, statements } = bed();
  const a = start("a");
  const envoy = connect(a, "envoy-a");
  for (let step = 0; step < 10; step++) a.deliveries.progressed(envoy, step, 0);
  await time.advance(1_000);
  assert.equal(a.said, 0);
  for (let index = 6_000; index-- > 0;) a.fleet.ask(`k${index}`, S1);
  await time.advance(0);
  assert.equal(a.said, 1);
  const said = statements.get("a") ?? new Map();
  assert.equal(said.size, 5_000, "no more than an object has room for");
  assert.deepEqual([said.has("k0"), said.has("k999"), said.has("k1000")], [true, false, true]);
  // Each of these is news.
  for (let step = 0; step < 100; step++) {
    a.fleet.drop(`k${step}`);
    await time.advance(10);
  }
  assert.ok(a.said <= 4, `${a.said} times within a second`);
});

/** What happens to Envoys and replicas; each Envoy is connected to one replica, or to none. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant("move"), envoy: fc.nat(2), to: fc.constantFrom("a", "b", "c") }),
  fc.record({ kind: fc.constant("progress"), envoy: fc.nat(2) }),
  fc.record({ kind: fc.constant("freeze"), envoy: fc.nat(2) }),
  fc.record({ kind: fc.constant("restart"), replica: fc.constantFrom("a", "b", "c") }),
  fc.record({ kind: fc.constant("elect"), leader: fc.constantFrom("a", "b", "c", undefined) }),
  fc.record({ kind: fc.constant("settle"), ms: fc.constant(100) }),
);

Deno.test("FleetReceipts: whatever moves or is killed, no replica says live before every Envoy has it, and all do in the end", () =>
  fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), async (happenings) => {
      const { time, members, start, kill, connect } = bed();
      const envoys = [0, 1, 2].map((index) => ({
        node: `envoy-${index}`,
        has: false,
        isFrozen: false,
        at: "a",
        recipient: undefined as Recipient | undefined,
      }));
      type Envoy = typeof envoys[number];
      const begin = (name: string) => start(name).fleet.ask("k", S1);
      /** Takes what it is sent, and says so. */
      const progress = (envoy: Envoy) => {
        const member = members.get(envoy.at);
        if (envoy.isFrozen || !member || !envoy.recipient) return;
        envoy.has = true;
        member.deliveries.progressed(envoy.recipient, 5, time.now());
      };
      const move = (envoy: Envoy, to: string) => {
        if (envoy.recipient) members.get(envoy.at)?.deliveries.closed(envoy.recipient);
        const member = members.get(to);
        assert.ok(member);
        Object.assign(envoy, { at: to, recipient: connect(member, envoy.node) });
      };
      const check = () => {
        const states = Array.from(members.values(), ({ fleet }) => fleet.delivery("k")?.state);
        if (states.includes("live")) assert.ok(envoys.every(({ has }) => has), "live too early");
      };
      for (const name of ["a", "b", "c"]) begin(name);
      for (const envoy of envoys) move(envoy, "a");
      for (const what of happenings) {
        const envoy = "envoy" in what ? envoys[what.envoy] : undefined;
        if (envoy && "to" in what) move(envoy, what.to);
        else if (envoy && what.kind === "progress") progress(envoy);
        else if (envoy) envoy.isFrozen = !envoy.isFrozen;
        if ("leader" in what) members.forEach(({ fleet }, name) => fleet.lead(name === what.leader));
        if ("replica" in what) {
          kill(what.replica);
          begin(what.replica);
          for (const orphan of envoys.filter(({ at }) => at === what.replica)) {
            orphan.recipient = undefined;
            move(orphan, what.replica);
          }
        }
        // Before that an answer may be older than a move.
        if ("ms" in what) {
          await time.advance(what.ms);
          check();
        }
      }
      for (const envoy of envoys) {
        envoy.isFrozen = false;
        progress(envoy);
      }
      for (const leader of members.keys()) {
        members.forEach(({ fleet }, name) => fleet.lead(name === leader));
        await time.advance(100);
        check();
        assert.equal(members.get(leader)?.fleet.delivery("k")?.state, "live");
      }
    }),
  ));
