import assert from "node:assert/strict";
import { runSignalbox } from "../../../core/dev/signalbox_program.ts";
import { until } from "../../../core/dev/until.ts";
import { createWorld, type World, type WorldOptions } from "../harness.ts";
import { startLoad } from "../load.ts";
import { type ClientProgram, findClientPrograms, startProxylessClient } from "./proxyless_client.ts";

const programs = await findClientPrograms();

interface Stage {
  readonly world: World;
  readonly start: () => ReturnType<typeof startProxylessClient>;
}

/** The same test with every stock client. None may reject anything that it is sent. */
function testProxyless(name: string, run: (stage: Stage) => Promise<void>, options: WorldOptions = {}): void {
  for (const program of programs) {
    Deno.test(`${name} (${program.name})`, async () => {
      await using stack = new AsyncDisposableStack();
      const world = stack.use(await createWorld({ ...options, envoys: 0 }));
      await run({ world, start: await starter(stack, world, program) });
      assert.doesNotMatch(await metrics(world), /^signalbox_nacks_total/m);
    });
  }
}

async function starter(stack: AsyncDisposableStack, world: World, program: ClientProgram) {
  const bootstrap = await runSignalbox(["bootstrap", "--mode", "grpc", "--config", world.configPath]);
  return () => stack.use(startProxylessClient(program, bootstrap));
}

const metrics = async (world: World) => String((await world.api.request("GET", "/metrics")).body);

testProxyless("a session is reached, moves while it is called, ends and comes back", async ({ world, start }) => {
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  await world.api.register({ id: "s1", aliases: ["other.example.org"], backend: a });
  const client = start();
  const first = await client.say("s1.example.org");
  assert.deepEqual([first.code, first.message, first.backends], ["OK", "s1.example.org", ["a"]]);
  assert.deepEqual((await client.say("other.example.org")).backends, ["a"]);

  const stream = await client.count("s1.example.org", 50);
  await using load = startLoad([client.echo("s1.example.org"), client.echo("s1.example.org", { channel: "second" })]);
  await load.answeredBy("a");
  for (const backend of [b, a, b]) {
    await world.api.register({ id: "s1", backend });
    await load.answeredBy(backend.name);
    await load.moreCalls(50);
  }
  assert.deepEqual((await load.stop()).failures, []);
  // A call stays with the backend that it began on.
  const { code, backends } = await stream.ended;
  assert.deepEqual([code, backends.length, new Set(backends)], ["OK", 50, new Set(["a"])]);

  await world.api.remove("s1");
  await until(async () => (await client.say("s1.example.org")).code === "UNAVAILABLE", { what: "the session's end" });
  assert.equal((await client.say("s1.example.org", { channel: "new" })).code, "UNAVAILABLE");
  await world.api.register({ id: "s1", backend: a });
  await until(async () => (await client.say("s1.example.org")).backends[0] === "a", { what: "the session again" });
});

testProxyless(
  "a host that nobody has fails at once, and works when it is registered later",
  async ({ world, start }) => {
    const backend = await world.addBackend("a");
    await world.api.register({ id: "s1", backend });
    const client = start();
    // Left unanswered, it would be DEADLINE_EXCEEDED.
    assert.equal((await client.say("s2.example.org")).code, "UNAVAILABLE");
    assert.equal((await client.say("s1.example.org")).code, "OK");
    assert.equal((await client.say("s3.example.org")).code, "UNAVAILABLE");
    assert.equal((await client.say("s1.example.org")).code, "OK");
    await world.api.register({ id: "s2", backend });
    await until(async () => (await client.say("s2.example.org")).backends[0] === "a", { what: "the late session" });
    assert.equal((await client.say("s3.example.org")).code, "UNAVAILABLE");
  },
);

testProxyless("backends get calls by their weights, and other weights count at once", async ({ world, start }) => {
  const a = await world.addBackend("a");
  const b = await world.addBackend("b");
  const register = async (...weights: readonly number[]) => {
    const backends = [a, b].map(({ address, port }, index) => ({ address, port, weight: weights[index] }));
    const { status } = await world.api.request("POST", "/xds/tasks", { id: "s1", backends });
    assert.ok(status < 300);
  };
  const client = start();
  const shareOfA = async () => {
    const calls = await Promise.all(Array.from({ length: 300 }, () => client.say("s1.example.org")));
    assert.deepEqual(calls.filter(({ code }) => code !== "OK"), []);
    return calls.filter(({ backends: [backend] }) => backend === "a").length / calls.length;
  };
  await register(9, 1);
  // Until connections to both are there, one of them has it all.
  const seen = new Set<string>();
  await until(async () => seen.add((await client.say("s1.example.org")).backends[0] ?? "").size === 2);
  const nine = await shareOfA();
  assert.ok(nine > 0.75 && nine < 1, String(nine));
  await register(1, 9);
  await until(async () => await shareOfA() < 0.25, { what: "the other weights" });
});

testProxyless(
  "clients go on while Signalbox is away, and have what is new when it is back",
  async ({ world, start }) => {
    const a = await world.addBackend("a");
    const b = await world.addBackend("b");
    for (const id of ["stays", "moves", "goes"]) await world.api.register({ id, backend: a });
    const clients = [start(), start()];
    const hosts = ["stays.example.org", "moves.example.org", "goes.example.org"];
    const all = (host: string) => Promise.all(clients.map((client) => client.say(host)));
    for (const host of hosts) assert.deepEqual((await all(host)).map(({ backends }) => backends), [["a"], ["a"]]);
    for (const { code } of await all("comes.example.org")) assert.equal(code, "UNAVAILABLE");

    await using load = startLoad(clients.map((client) => client.echo("stays.example.org")));
    await world.signalbox.kill();
    for (const host of hosts) assert.deepEqual((await all(host)).map(({ code }) => code), ["OK", "OK"]);
    await load.moreCalls(50);
    await world.startSignalbox();
    await world.api.register({ id: "moves", backend: b });
    await world.api.register({ id: "comes", backend: b });
    await world.api.remove("goes");
    const becomes = (host: string, code: string, backend?: string) =>
      until(
        async () => (await all(host)).every((call) => call.code === code && call.backends[0] === backend),
        // gRPC waits for some seconds before it connects again.
        { timeoutMs: 60_000, what: `${code} at ${host}` },
      );
    await becomes("moves.example.org", "OK", "b");
    await becomes("comes.example.org", "OK", "b");
    await becomes("goes.example.org", "UNAVAILABLE");
    await load.moreCalls(20);
    assert.deepEqual((await load.stop()).failures, []);
  },
);

testProxyless("what plugins give routes for Envoy alone is left out", async ({ world, start }) => {
  const backend = await world.addBackend("a");
  await world.api.register({ id: "s1", backend });
  assert.equal((await start().say("s1.example.org")).code, "OK");
}, { pluginFiles: ["for_envoy"] });
