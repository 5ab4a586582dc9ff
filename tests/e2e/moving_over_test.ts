import assert from "node:assert/strict";
import { createEchoClient } from "../../core/dev/echo_client.ts";
import { startEnvoy } from "../../core/dev/envoy_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld, type World } from "./harness.ts";
import { startLoad } from "./load.ts";

/** The steps of deploy/moving-over.md, as far as Envoy takes part in them. */
const STEPS = ["rest", "sotw", "delta"] as const;

Deno.test("the page has the steps that are played here, in this order", async () => {
  const page = await Deno.readTextFile(new URL("../../deploy/moving-over.md", import.meta.url));
  assert.deepEqual(Array.from(page.matchAll(/bootstrap .*--mode (\w+)/g), ([, mode]) => mode), STEPS);
});

/** An Envoy as a fleet restarts it: it gets calls once it says that it is ready, not before. */
async function startReady(world: World, mode: typeof STEPS[number]) {
  const bootstrap = await runSignalbox(["bootstrap", "--config", world.configPath, "--mode", mode]);
  const overrides = { node: { id: "moves", cluster: "e2e" } };
  const { folder } = world;
  return await startEnvoy({ path: envoyPath, bootstrap, overrides, folder, name: `moves-${mode}`, waitFor: "ready" });
}

testWithEnvoy(
  "an Envoy that polls is moved to ADS by restarts, without a failed call on it or on the other",
  async () => {
    await using world = await createWorld({ mode: "rest" });
    const [a, b, c] = [await world.addBackend("a"), await world.addBackend("b"), await world.addBackend("c")];
    await world.api.register({ id: "moving", backend: a });
    await world.api.register({ id: "staying", backend: c });
    for (const [host, backend] of [["moving.example.org", "a"], ["staying.example.org", "c"]] as const) {
      await world.untilAnswered(host, backend);
    }
    await using load = world.load("moving.example.org");
    for (const [step, mode] of STEPS.entries()) {
      await using envoy = await startReady(world, mode);
      const address = `127.0.0.1:${await envoy.listenerPort("ingress")}`;
      const open = (id: string) =>
        createEchoClient({ address, authority: `${id}.example.org`, ca: world.certificate.ca });
      using moving = open("moving");
      using staying = open("staying");
      await using own = startLoad([moving, staying]);
      await own.moreCalls(50);

      // Both have what comes, and nobody waits for what the Envoy was before.
      const { address: host, port } = a;
      const id = `new-${mode}`;
      const answer = await world.api.request("POST", "/xds/tasks?wait=live&timeout=20s", { id, address: host, port });
      assert.equal(answer.status, 201, JSON.stringify(answer.body));
      const { delivery } = answer.body as { delivery: { envoys: readonly { node: string; state: string }[] } };
      assert.deepEqual(delivery.envoys.map(({ node, state }) => `${node} ${state}`).sort(), [
        "envoy-1 live",
        "moves live",
      ]);
      await world.untilAnswered(`${id}.example.org`, "a");
      using latest = open(id);
      const said = await latest.say({ text: "hello" });
      assert.ok(said.ok && said.reply.backend === "a", JSON.stringify(said));

      // Both follow a session that moves.
      const next = step % 2 === 0 ? b : a;
      await world.api.register({ id: "moving", backend: next });
      await Promise.all([load.answeredBy(next.name), own.answeredBy(next.name)]);
      const { failures, byBackend } = await own.stop();
      assert.deepEqual(failures, []);
      assert.ok(byBackend["c"]);
    }
    await load.moreCalls(50);
    assert.deepEqual((await load.stop()).failures, []);
  },
);
