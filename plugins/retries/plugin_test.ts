import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

Deno.test("retries leaves what is tried again as it is when nothing is configured, but asks another pod", async () => {
  using tested = await testPlugin(plugin);
  const policy = tested.build().routes[0]?.route?.retryPolicy;
  assert.equal(policy?.retryOn, "connect-failure,refused-stream,reset-before-request");
  assert.deepEqual(policy?.numRetries, { value: 2 });
  assert.deepEqual(policy?.retryHostPredicate?.map(({ name }) => name), ["envoy.retry_host_predicates.previous_hosts"]);
});

Deno.test("retries takes the session's own before the operator's, one by one", async () => {
  using tested = await testPlugin(plugin, { config: { on: ["unavailable", "reset"], attempts: 3, perTry: "2s" } });
  const { routes } = tested.build({ input: { attempts: 0, backOff: "50ms" } });
  const { retryOn, numRetries, perTryTimeout, retryBackOff } = routes[0]?.route?.retryPolicy ?? {};
  assert.equal(retryOn, "unavailable,reset");
  assert.deepEqual(numRetries, { value: 0 });
  assert.deepEqual(perTryTimeout, { seconds: 2 });
  assert.deepEqual(retryBackOff, { baseInterval: { nanos: 50_000_000 } });
});

Deno.test("retries refuses conditions that Envoy does not know, and times of 0s, with the session's path", async () => {
  using tested = await testPlugin(plugin, { name: "retries" });
  const failures = (input: unknown) => tested.failures({ plugins: { retries: input } }).map(({ path }) => path);
  assert.deepEqual(failures({ on: ["unavailible"] }), ["plugins.retries.on[0]"]);
  assert.deepEqual(failures({ perTry: "0s", attempts: 11 }), ["plugins.retries.attempts", "plugins.retries.perTry"]);
});
