import assert from "node:assert/strict";
import { join } from "node:path";
import { difference, received } from "../envoy_counts.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { registerLive } from "./register_live.ts";

type Line = Readonly<Record<string, unknown>>;

/** Two calls of a session, one of which fails, and one to nobody: what is written of them. */
async function linesOf(config: Readonly<Record<string, unknown>>): Promise<readonly Line[]> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-access-log-" });
  try {
    const file = join(folder, "calls.log");
    const plugins = [{ name: "access-log", config: { ...config, sink: { file } } }];
    await using world = await createWorld({ store: "memory", config: { plugins } });
    const [envoy] = world.envoys;
    assert.ok(envoy);
    const before = await received(envoy);
    const { address, port } = await world.addBackend("a");
    await registerLive(world, {
      id: "s1",
      host: "mine.example.org",
      address,
      port,
      labels: { team: "blue", tier: "1" },
    });
    using client = world.client("mine.example.org");
    assert.ok((await client.say({ text: "hello" }, { "x-agent": "test/1" })).ok);
    assert.ok(!(await client.say({ text: "", fail: { code: 9, message: "not today" } })).ok);
    await world.untilUnknown("nobody.example.org");
    // No session is in a listener.
    assert.equal(difference(before, await received(envoy))["listener_manager.lds.update_success"], undefined);
    // What it has not written yet, it writes before it ends.
    await envoy.stop();
    const lines = (await Deno.readTextFile(file)).trim().split("\n").map((line): Line => JSON.parse(line));
    return lines.map(({ authority, session, team, grpc_status, agent, client, duration_ms }) => {
      assert.equal(typeof duration_ms, "number");
      return { authority, session, team, grpc_status, agent, client };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CONFIG = { fields: { agent: "%REQ(X-AGENT)%", client: null }, labels: ["team"] };

testWithEnvoy("access-log: calls are written with the fields that are configured, and their session's", async () => {
  const lines = await linesOf(CONFIG);
  const ofSession = { authority: "mine.example.org", session: "s1", team: "blue", client: undefined };
  assert.deepEqual(lines.slice(0, 2).map(({ agent: _, ...line }) => line), [
    { ...ofSession, grpc_status: "OK" },
    { ...ofSession, grpc_status: "FailedPrecondition" },
  ]);
  assert.equal(lines[0]?.["agent"], "test/1");
  assert.deepEqual([lines[2]?.["authority"], lines[2]?.["session"]], ["nobody.example.org", null]);
});

testWithEnvoy("access-log: only failures are written where that is configured", async () => {
  const lines = await linesOf({ ...CONFIG, only: "failures" });
  assert.deepEqual(lines.map(({ authority }) => authority), ["mine.example.org", "nobody.example.org"]);
});
