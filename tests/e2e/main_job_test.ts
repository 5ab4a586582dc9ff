import assert from "node:assert/strict";
import { createWorld, UNKNOWN_HOST } from "./harness.ts";
import { testEveryLayout } from "./layouts.ts";

testEveryLayout("a registered session answers: calls, failures, streams and trailers", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  const registered = await world.api.register({ id: "s1", backend });
  assert.equal(registered.status, 201);
  await world.untilAnswered("s1.example.org", "a");

  const client = world.client("s1.example.org");
  const said = await client.say({ text: "hello" }, { "x-mine": "1" });
  assert.ok(said.ok);
  assert.equal(said.reply.text, "hello");
  assert.equal(said.reply.headers["x-mine"], "1");
  assert.equal(said.trailers["x-backend"], "a");

  const failed = await client.say({ text: "", fail: { code: 9, message: "not today" } });
  assert.ok(!failed.ok);
  assert.deepEqual([failed.codeName, failed.message], ["FAILED_PRECONDITION", "not today"]);
  assert.equal(failed.trailers["x-backend"], "a");

  const counted = await client.count(100);
  assert.ok(counted.ok);
  assert.deepEqual(counted.reply.map(({ number }) => number), Array.from({ length: 100 }, (_, index) => index + 1));
  assert.equal(counted.trailers["x-backend"], "a");

  const chat = client.chat();
  for (const text of ["one", "two"]) assert.equal((await chat.send(text)).text, text);
  const ended = await chat.end();
  assert.ok(ended.ok);
  assert.equal(ended.trailers["x-backend"], "a");
});

testEveryLayout("a host is found with a port and in upper case, and an unknown one is not found", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  await world.untilAnswered("s1.example.org", "a");
  for (const authority of ["s1.example.org:443", "s1.example.org:8443", "S1.Example.ORG", "S1.EXAMPLE.ORG:443"]) {
    const result = await world.call(authority);
    assert.ok(result.ok, `${authority}: ${JSON.stringify(result)}`);
  }
  for (const authority of ["s2.example.org", "example.org", "s11.example.org", "s.example.org"]) {
    const result = await world.call(authority);
    assert.equal(result.ok ? "OK" : result.codeName, UNKNOWN_HOST, authority);
  }
  assert.ok((await world.call("s1.example.org")).ok);
});

testEveryLayout("a host that was asked for before its session came answers once it is registered", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  await world.untilUnknown("s1.example.org");
  await world.api.register({ id: "s1", backend });
  await world.untilAnswered("s1.example.org", "a");
});

testEveryLayout("a session that asks for a host and aliases answers to all of them", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  const aliases = ["other.example.org", "third.example.org"];
  await world.api.register({ id: "s1", host: "mine.example.org", aliases, backend });
  for (const host of ["mine.example.org", ...aliases]) await world.untilAnswered(host, "a");
  await world.untilUnknown("s1.example.org");
});

testEveryLayout("an alias comes and goes while the backend stays as it is", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  await world.untilAnswered("s1.example.org", "a");
  await world.api.register({ id: "s1", aliases: ["other.example.org"], backend });
  await world.untilAnswered("other.example.org", "a");
  await world.api.register({ id: "s1", backend });
  await world.untilUnknown("other.example.org");
  await world.untilAnswered("s1.example.org", "a");
});

testEveryLayout("a session moves to another backend while it is called without pause", async (layout) => {
  await using world = await createWorld(layout);
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  await world.api.register({ id: "s1", backend: a });
  await world.untilAnswered("s1.example.org", "a");
  const chat = world.client("s1.example.org").chat();
  assert.equal((await chat.send("before")).backend, "a");

  await using load = world.load("s1.example.org");
  await load.moreCalls(50);
  for (const backend of [b, a, b]) {
    await world.api.register({ id: "s1", backend });
    await load.answeredBy(backend.name);
    await load.moreCalls(50);
  }
  const callsOfA = a.calls;
  await load.moreCalls(50);
  const report = await load.stop();
  assert.deepEqual(report.failures, [], JSON.stringify(report.byBackend));
  assert.equal(a.calls, callsOfA, "a call reached the backend that the session has left");
  // The stream stays with the backend that it began on.
  assert.equal((await chat.send("after")).backend, "a");
  assert.ok((await chat.end()).ok);
});

testEveryLayout("a host passes from one session to another", async (layout) => {
  await using world = await createWorld(layout);
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  await world.api.register({ id: "s1", host: "shared.example.org", backend: a });
  await world.untilAnswered("shared.example.org", "a");
  await world.api.remove("s1");
  await world.api.register({ id: "s2", host: "shared.example.org", backend: b });
  await world.untilAnswered("shared.example.org", "b");
});

testEveryLayout("a removed session is not found, its neighbour goes on", async (layout) => {
  await using world = await createWorld(layout);
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  await world.api.register({ id: "s2", backend });
  await world.untilAnswered("s1.example.org", "a");
  await world.untilAnswered("s2.example.org", "a");
  await using load = world.load("s2.example.org");
  await world.api.remove("s1");
  await world.untilUnknown("s1.example.org");
  await load.moreCalls(20);
  assert.deepEqual((await load.stop()).failures, []);
  // It can come back.
  await world.api.register({ id: "s1", backend });
  await world.untilAnswered("s1.example.org", "a");
});

testEveryLayout("two Envoys have the same sessions, one that comes later too", async (layout) => {
  await using world = await createWorld({ ...layout, envoys: 2 });
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  await world.addEnvoy();
  for (const envoy of [0, 1, 2]) await world.untilAnswered("s1.example.org", "a", { envoy });
});
