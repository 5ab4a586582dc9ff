import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { createEchoBackend } from "./echo_backend.ts";
import { createEchoClient, type EchoClient } from "./echo_client.ts";
import { until } from "./until.ts";

async function withEcho(test: (client: EchoClient, kill: () => Promise<void>) => Promise<void>): Promise<void> {
  const backend = await createEchoBackend({ name: "pod-a", address: "127.0.0.11" });
  const client = createEchoClient({ address: `127.0.0.11:${backend.port}`, authority: "s1.example.org" });
  try {
    await test(client, () => backend.kill());
  } finally {
    client.close();
    await backend.kill();
  }
}

Deno.test("say() answers with the backend, the authority, the headers and a trailer", () =>
  withEcho(async (client) => {
    const result = await client.say({ text: "hello" }, { "x-test": "1" });
    assert.ok(result.ok);
    assert.equal(result.reply.backend, "pod-a");
    assert.equal(result.reply.authority, "s1.example.org");
    assert.equal(result.reply.headers["x-test"], "1");
    assert.equal(result.reply.text, "hello");
    assert.equal(result.trailers["x-backend"], "pod-a");
  }));

Deno.test("say() fails with the status that was asked for, and trailers", () =>
  withEcho(async (client) => {
    const result = await client.say({ text: "", fail: { code: status.FAILED_PRECONDITION, message: "not today" } });
    assert.ok(!result.ok);
    assert.equal(result.codeName, "FAILED_PRECONDITION");
    assert.equal(result.message, "not today");
    assert.equal(result.trailers["x-backend"], "pod-a");
  }));

Deno.test("count() streams, and ends with a trailer", () =>
  withEcho(async (client) => {
    const result = await client.count(3, { intervalMs: 1 });
    assert.ok(result.ok);
    assert.deepEqual(result.reply.map(({ number }) => number), [1, 2, 3]);
    assert.equal(result.trailers["x-backend"], "pod-a");
  }));

Deno.test("chat() answers message by message until either side ends it", () =>
  withEcho(async (client, kill) => {
    const first = client.chat();
    assert.deepEqual(await first.send("one"), { backend: "pod-a", text: "one" });
    assert.deepEqual(await first.send("two"), { backend: "pod-a", text: "two" });
    assert.ok((await first.end()).ok);
    const second = client.chat();
    await second.send("open");
    await kill();
    const ended = await second.ended;
    assert.ok(!ended.ok);
  }));

Deno.test("say() is UNAVAILABLE while the backend is gone, and works again when it is back", async () => {
  const before = await createEchoBackend({ name: "before", address: "127.0.0.11" });
  const { address, port } = before;
  using client = createEchoClient({ address: `${address}:${port}`, authority: "s1.example.org" });
  assert.ok((await client.say({ text: "" })).ok);
  await before.kill();
  const gone = await client.say({ text: "" });
  assert.equal(gone.ok ? "OK" : gone.codeName, "UNAVAILABLE");
  const after = await createEchoBackend({ name: "after", address, port });
  const back = await until(async () => {
    const result = await client.say({ text: "" });
    return result.ok && result.reply.backend;
  });
  assert.equal(back, "after");
  client.close();
  await after.kill();
});
