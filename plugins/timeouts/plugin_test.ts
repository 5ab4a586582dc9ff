import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

Deno.test("timeouts leaves sessions as they are when nothing is configured", async () => {
  using tested = await testPlugin(plugin);
  const { clusters, routes } = tested.build();
  assert.deepEqual(clusters[0]?.connectTimeout, { seconds: 2 });
  assert.deepEqual(routes[0]?.route?.timeout, {});
});

Deno.test("timeouts takes the session's own before the operator's, one by one", async () => {
  using tested = await testPlugin(plugin, { config: { request: "30s", idle: "5m", connect: "1s" } });
  const { clusters, routes } = tested.build({ input: { request: "1m30s", maxStream: "2h", connect: "250ms" } });
  assert.deepEqual(clusters[0]?.connectTimeout, { nanos: 250_000_000 });
  const { timeout, idleTimeout, maxStreamDuration } = routes[0]?.route ?? {};
  assert.deepEqual(timeout, { seconds: 90 });
  assert.deepEqual(idleTimeout, { seconds: 300 });
  assert.deepEqual(maxStreamDuration, { maxStreamDuration: { seconds: 7200 } });
});

Deno.test("timeouts refuses what is no duration, and a connection that may take no time, with the session's path", async () => {
  using tested = await testPlugin(plugin, { name: "timeouts" });
  assert.deepEqual(
    tested.failures({ input: { idle: "5 minutes", connect: "0s" } }).map(({ path, message }) => `${path} ${message}`),
    [
      'plugins.timeouts.idle must be a duration such as "30s", "5m" or "1h30m", got "5 minutes"',
      "plugins.timeouts.connect must be more than 0s",
    ],
  );
});
