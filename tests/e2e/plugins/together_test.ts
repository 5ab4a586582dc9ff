import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { registerLive } from "./register_live.ts";
import { startScriptedPod } from "./scripted_pod.ts";

const UNAVAILABLE = 14;
/** Each is before and after each other in one of these. */
const ORDER = ["access-log", "compression", "timeouts", "retries", "health-check", "path-routes", "canary-weights"];

for (const [what, names] of [["as listed", ORDER], ["the other way round", ORDER.toReversed()]] as const) {
  testWithEnvoy(`plugins that change routes and clusters work together, configured ${what}`, async () => {
    const configs: Readonly<Record<string, unknown>> = {
      retries: { on: ["unavailable"], attempts: 1, backOff: "1ms" },
      "health-check": { active: { check: { grpc: "" }, interval: "100ms" } },
    };
    const plugins = names.map((name) => name in configs ? { name, config: configs[name] } : { name });
    await using world = await createWorld({ store: "memory", config: { plugins } });
    await using own = await startScriptedPod("own");
    await using canary = await startScriptedPod("canary");
    await using chosen = await startScriptedPod("chosen");
    const pods = [own, canary, chosen];
    const place = ({ address, port }: { readonly address: string; readonly port: number }) => ({ address, port });
    const register = (prefix: string) =>
      registerLive(world, {
        id: "s1",
        ...place(own),
        plugins: {
          timeouts: { request: "5s" },
          "path-routes": { backends: { chosen: { ...place(chosen), prefixes: [prefix] } } },
          "canary-weights": {
            weight: 1,
            backends: { canary: { ...place(canary), weight: 1 } },
            sticky: { cookie: "version", ttl: "1h" },
          },
        },
      });
    /** Each call fails the first time, and its retry does not: the pods that answer to what the callers bring. */
    const podsOf = async (cookies: readonly string[]) => {
      const answered: string[] = [];
      using client = world.client("s1.example.org");
      for (const cookie of cookies) {
        for (const pod of pods) pod.fails = { calls: 1, status: UNAVAILABLE };
        const result = await client.say({ text: "hello" }, { cookie });
        answered.push(result.ok ? result.reply.backend : result.codeName);
      }
      return answered;
    };

    await register("/nothing/");
    assert.deepEqual(await podsOf(["version=-", "version=canary"]), ["own", "canary"]);
    await register("/signalbox.dev.Echo/");
    assert.deepEqual(await podsOf(["version=-", "version=canary"]), ["chosen", "chosen"]);
  });
}
