import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createPluginWorld } from "./plugin_world.ts";

testWithEnvoy("a session gets as many calls as it may, and its neighbours theirs", async () => {
  // Nothing comes back while the test runs.
  const plugins = [{ name: "rate-limit", config: { requests: 5, per: "1h" } }];
  await using world = await createPluginWorld({ plugins });
  const backend = await world.world.addBackend("a");
  const limit = (input: unknown) => ({ "rate-limit": input });
  await world.live({ id: "s1", backend });
  await world.live({ id: "s2", backend });
  await world.live({ id: "more", backend, plugins: limit({ requests: 8 }) });
  await world.live({ id: "burst", backend, plugins: limit({ requests: 100, burst: 3 }) });

  const outcomes = async (host: string, calls: number) => {
    const codes: string[] = [];
    for (let call = 0; call < calls; call++) {
      const result = await world.say(`${host}.example.org`);
      codes.push(result.ok ? "OK" : result.codeName);
    }
    return codes;
  };
  const expected = (ok: number, refused: number) => [
    ...Array.from({ length: ok }, () => "OK"),
    ...Array.from({ length: refused }, () => "RESOURCE_EXHAUSTED"),
  ];
  assert.deepEqual(await outcomes("s1", 7), expected(5, 2));
  assert.deepEqual(await outcomes("S1", 1), ["RESOURCE_EXHAUSTED"]);
  assert.deepEqual(await outcomes("s2", 6), expected(5, 1));
  assert.deepEqual(await outcomes("more", 9), expected(8, 1));
  assert.deepEqual(await outcomes("burst", 4), expected(3, 1));
  assert.equal(backend.calls, 5 + 5 + 8 + 3);

  // A session that may have more has it at once.
  await world.live({ id: "s1", backend, plugins: limit({ requests: 2 }) });
  assert.deepEqual(await outcomes("s1", 3), expected(2, 1));
});

testWithEnvoy("calls come back with time", async () => {
  await using world = await createPluginWorld({ plugins: [{ name: "rate-limit" }] });
  const backend = await world.world.addBackend("a");
  await world.live({ id: "s1", backend, plugins: { "rate-limit": { requests: 1, per: "1s" } } });
  await world.live({ id: "s2", backend });
  await using load = world.world.load("s1.example.org");
  await using free = world.world.load("s2.example.org");
  const startedAtMs = performance.now();
  await load.answeredBy("a");
  await load.answeredBy("a");
  await load.answeredBy("a");
  const { byBackend, failures } = await load.stop();
  // One at the start, and one in each interval after it.
  const intervals = (performance.now() - startedAtMs) / 1000;
  assert.ok((byBackend["a"] ?? 0) <= intervals + 2, `${byBackend["a"]} calls in ${intervals} intervals`);
  assert.deepEqual(new Set(failures.map(({ code }) => code)), new Set(["RESOURCE_EXHAUSTED"]));
  assert.deepEqual((await free.stop()).failures, []);
});

testWithEnvoy("strangers do not use up what a session may get, whatever the order of the plugins", async () => {
  const limits = { name: "rate-limit", config: { requests: 3, per: "1h" } };
  for (const plugins of [[limits, { name: "auth-headers" }], [{ name: "auth-headers" }, limits]]) {
    await using world = await createPluginWorld({ plugins });
    const backend = await world.world.addBackend("a");
    await world.writeSecret("key", "the-key");
    await world.live({ id: "s1", backend, plugins: { "auth-headers": { key: { values: [{ file: "key" }] } } } });
    for (let call = 0; call < 5; call++) {
      const result = await world.say("s1.example.org");
      assert.equal(result.ok ? "OK" : result.codeName, "UNAUTHENTICATED");
    }
    const right = { authorization: "Bearer the-key" };
    for (let call = 0; call < 3; call++) await world.seenByPod("s1.example.org", right);
    const result = await world.say("s1.example.org", right);
    assert.equal(result.ok ? "OK" : result.codeName, "RESOURCE_EXHAUSTED");
  }
});
