import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createWorld } from "../harness.ts";
import { registerLive } from "./register_live.ts";

const HOST = "s1.example.org";

testWithEnvoy("path-routes: the longest prefix chooses the pod, and a change of it loses no call", async () => {
  const plugins = [{ name: "canary-weights" }, { name: "path-routes" }];
  await using world = await createWorld({ store: "memory", config: { plugins } });
  const [own, service, method, canary] = [
    await world.addBackend("own"),
    await world.addBackend("service"),
    await world.addBackend("method"),
    await world.addBackend("canary"),
  ];
  const place = ({ address, port }: { readonly address: string; readonly port: number }) => ({ address, port });
  const register = (
    prefixes: Readonly<Record<"service" | "method", string>>,
    plugins: Readonly<Record<string, unknown>> = {},
  ) =>
    registerLive(world, {
      id: "s1",
      ...place(own),
      plugins: {
        "path-routes": {
          backends: {
            service: { ...place(service), prefixes: [prefixes.service] },
            method: { ...place(method), prefixes: [prefixes.method] },
          },
        },
        ...plugins,
      },
    });
  using client = world.client(HOST);
  /** The pods that answer `/signalbox.dev.Echo/Say` and `/signalbox.dev.Echo/Count`. */
  const podsOf = async () => {
    const [said, counted] = [await client.say({ text: "hello" }), await client.count(1)];
    assert.ok(said.ok && counted.ok, JSON.stringify([said, counted]));
    return [said.reply.backend, counted.reply[0]?.backend];
  };

  await register({ service: "/signalbox.dev.Echo/", method: "/signalbox.dev.Echo/Say" });
  assert.deepEqual(await podsOf(), ["method", "service"]);

  await using load = world.load(HOST);
  await load.moreCalls(50);
  // By whole segments, and with its case.
  await register({ service: "/signalbox.dev.Ec", method: "/signalbox.dev.Echo/say" });
  await load.answeredBy("own");
  assert.deepEqual(await podsOf(), ["own", "own"]);
  await register({ service: "/signalbox.", method: "/signalbox.dev.Echo/C" });
  await load.answeredBy("service");
  assert.deepEqual(await podsOf(), ["service", "service"]);

  // Weights share out what is left for the session's own pod.
  const weights = { weight: 0, backends: { canary: { ...place(canary), weight: 1 } } };
  await register({ service: "/signalbox.dev.Echo/Count", method: "/other/" }, { "canary-weights": weights });
  await load.answeredBy("canary");
  assert.deepEqual(await podsOf(), ["canary", "service"]);
  assert.deepEqual((await load.stop()).failures, []);
});
