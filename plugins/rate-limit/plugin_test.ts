import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

const LIMIT = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";

Deno.test("rate-limit limits nobody unless somebody says how", async () => {
  using tested = await testPlugin(plugin);
  assert.equal(tested.build().virtualHosts[0]?.typedPerFilterConfig, undefined);
  assert.equal(tested.build({ input: { per: "1m", burst: 5 } }).virtualHosts[0]?.typedPerFilterConfig, undefined);
});

Deno.test("rate-limit takes the session's own before the operator's, one by one", async () => {
  using tested = await testPlugin(plugin, { config: { requests: 50, per: "1m" } });
  const bucketOf = (input?: { requests?: number; per?: string; burst?: number }) => {
    const settings = tested.build(input && { input }).virtualHosts[0]?.typedPerFilterConfig?.["tested"];
    assert.ok(settings?.["@type"] === LIMIT && !("value" in settings));
    assert.ok(settings.rateLimitedAsResourceExhausted);
    return settings.tokenBucket;
  };
  const minute = { seconds: 60 };
  assert.deepEqual(bucketOf(), { maxTokens: 50, tokensPerFill: { value: 50 }, fillInterval: minute });
  assert.deepEqual(bucketOf({ burst: 200 }), { maxTokens: 200, tokensPerFill: { value: 50 }, fillInterval: minute });
  assert.deepEqual(bucketOf({ requests: 5, per: "500ms" }), {
    ...{ maxTokens: 5, tokensPerFill: { value: 5 }, fillInterval: { nanos: 500_000_000 } },
  });
});

Deno.test("rate-limit refuses what is no limit, with the path", async () => {
  using tested = await testPlugin(plugin, { name: "rate-limit" });
  const failures = tested.failures({ input: { requests: 0, per: "49ms", burst: 1.5 } });
  assert.deepEqual(
    failures.map(({ path }) => path),
    ["requests", "per", "burst"].map((key) => `plugins.rate-limit.${key}`),
  );
});
