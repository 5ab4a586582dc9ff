import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

const POLICY = "type.googleapis.com/envoy.extensions.filters.http.cors.v3.CorsPolicy";

Deno.test("cors lets no page call a session that names no origin", async () => {
  using tested = await testPlugin(plugin);
  assert.equal(tested.build().virtualHosts[0]?.typedPerFilterConfig, undefined);
});

Deno.test("cors takes the session's own before the operator's, one by one", async () => {
  using tested = await testPlugin(plugin, {
    config: { origins: ["https://*.example.org:8443"], methods: ["POST"], maxAge: "1m30s", credentials: true },
  });
  const policyOf = (input?: { origins?: string[]; headers?: string[] }) => {
    const policy = tested.build(input && { input }).virtualHosts[0]?.typedPerFilterConfig?.["tested"];
    assert.ok(policy?.["@type"] === POLICY && !("value" in policy));
    return policy;
  };
  const { allowOriginStringMatch, allowMethods, maxAge, allowCredentials } = policyOf();
  assert.deepEqual(allowOriginStringMatch, [{ safeRegex: { regex: "https://[a-z0-9.-]+\\.example\\.org:8443" } }]);
  assert.deepEqual([allowMethods, maxAge, allowCredentials], ["POST", "90", { value: true }]);
  const own = policyOf({ origins: ["https://app.example.net"], headers: ["x-tenant", "authorization"] });
  assert.deepEqual(own.allowOriginStringMatch, [{ exact: "https://app.example.net" }]);
  assert.deepEqual([own.allowMethods, own.allowHeaders], ["POST", "x-tenant,authorization"]);
});

Deno.test("cors refuses what is no origin, and cookies for all pages of the world", async () => {
  using tested = await testPlugin(plugin, { name: "cors" });
  for (
    const origin of ["app.example.org", "https://", "https://*", "https://a.*.org", "https://a.org/", "https://A.org"]
  ) {
    assert.deepEqual(tested.failures({ input: { origins: [origin] } }).map(({ path }) => path), [
      "plugins.cors.origins[0]",
    ]);
  }
  const [failure] = tested.failures({ input: { origins: ["*"], credentials: true } });
  assert.equal(failure?.message, 'credentials: not with the origin "*"');
});
