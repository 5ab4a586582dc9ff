import assert from "node:assert/strict";
import { FakeTime } from "../testdata/fake_time.ts";
import type { Answer } from "./replica_object.ts";
import { Replicas } from "./replicas.ts";
import { ReplicaServer } from "./testdata/replica_server.ts";

function bed() {
  const server = new ReplicaServer();
  const time = new FakeTime();
  const stack = new AsyncDisposableStack();
  return {
    server,
    time,
    async start(name: string) {
      const replicas = new Replicas({ client: server, namespace: "ns", name, timers: time, nowMs: () => time.now() });
      stack.defer(() => replicas.close());
      void replicas.announce();
      await time.settle();
      return replicas;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** What a replica hears of the others. */
const heard = ({ others }: Replicas) =>
  Object.fromEntries(others.map(({ name, answers }) => [name, Object.fromEntries(answers)]));

const answers = (...entries: readonly (readonly [string, Answer])[]) => new Map(entries);

Deno.test("Replicas hear what the others say, all of it, until they stop", async () => {
  await using world = bed();
  const a = await world.start("a");
  assert.deepEqual(heard(a), {});
  const b = await world.start("b");
  assert.deepEqual([heard(a), heard(b)], [{ b: {} }, { a: {} }]);
  b.say(answers(["u1", "Live"], ["u2", "Rejected: no"]));
  await world.time.settle();
  assert.deepEqual(heard(a), { b: { u1: "Live", u2: "Rejected: no" } });
  b.say(answers(["u1", "NoEnvoy"]));
  await world.time.settle();
  assert.deepEqual(heard(a), { b: { u1: "NoEnvoy" } });
  await b.close();
  await world.time.settle();
  assert.deepEqual(heard(a), {});
  assert.deepEqual([...world.server.replicas.keys()], ["a"]);
});

Deno.test("Replicas write what is said meanwhile in one write, and nothing for what they said already", async () => {
  await using world = bed();
  const a = await world.start("a");
  const before = world.server.writes;
  for (let index = 0; index < 10; index++) a.say(answers([`u${index}`, "Live"]));
  a.say(answers(["last", "Live"]));
  await world.time.settle();
  const written = world.server.writes - before;
  assert.ok(written <= 2, `${written} writes`);
  assert.deepEqual(world.server.replicas.get("a")?.spec.answers, { last: "Live" });
  a.say(answers(["last", "Live"]));
  await world.time.settle();
  assert.equal(world.server.writes, before + written);
});

Deno.test("Replicas that are not heard of are gone, and the leader deletes them", async () => {
  await using world = bed();
  const a = await world.start("a");
  const b = await world.start("b");
  world.server.addGone("gone");
  await world.time.advance(9_000);
  assert.deepEqual(heard(a), { b: {}, gone: {} });
  await world.time.advance(3_000);
  assert.deepEqual([heard(a), heard(b)], [{ b: {} }, { a: {} }]);
  assert.ok(world.server.replicas.has("gone"), "nobody leads");
  a.lead(true);
  await world.time.settle();
  assert.deepEqual([...world.server.replicas.keys()], ["a", "b"]);
});

Deno.test("Replicas are not gone for what the API server or their connection to it does", async () => {
  await using world = bed();
  const a = await world.start("a");
  const b = await world.start("b");
  a.lead(true);
  world.server.isAway = true;
  await world.time.advance(60_000);
  assert.match(a.problems.join(), /cannot write Replica a: it is away/);
  world.server.isAway = false;
  // The leader comes back at once; the other one takes its time.
  await world.time.advance(4_000);
  assert.deepEqual([heard(a), heard(b)], [{ b: {} }, { a: {} }]);
  assert.deepEqual(a.problems, []);
});

Deno.test("Replicas that were held for gone come back with what they say", async () => {
  await using world = bed();
  const a = await world.start("a");
  const b = await world.start("b");
  b.say(answers(["u1", "Live"]));
  await world.time.settle();
  await world.server.request("/replicas/b", { method: "DELETE", body: {} });
  await world.time.settle();
  assert.deepEqual(heard(a), {});
  await world.time.advance(3_000);
  assert.deepEqual(heard(a), { b: { u1: "Live" } });
});
