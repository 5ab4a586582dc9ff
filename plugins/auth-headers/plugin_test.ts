import assert from "node:assert/strict";
import { SAMPLE_SECRET, testPlugin } from "../../core/author/test_plugin.ts";
import type { Message } from "../../core/plugin/plugin.ts";
import plugin from "./plugin.ts";

const KEY = { values: [{ env: "KEY" }] };
const CORP = { issuer: "https://login.example.org", jwksFile: { file: "jwks.json" } };

/** The filters of the only connection manager. */
function filtersOf(listener: Message<"envoy.config.listener.v3.Listener"> | undefined) {
  const manager = listener?.filterChains?.[0]?.filters?.[0]?.typedConfig;
  assert.ok(
    manager?.["@type"] ===
      "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  );
  assert.ok(!("value" in manager));
  return manager.httpFilters ?? [];
}

Deno.test("auth-headers refuses a session that asks for nothing, unless open sessions are allowed", async () => {
  using closed = await testPlugin(plugin);
  const message = "must ask for a key, a jwt or external: open sessions are not allowed";
  assert.deepEqual(closed.failures(), [{ plugin: "tested", hook: "session", path: "", message }]);
  using open = await testPlugin(plugin, { config: { open: true } });
  const { virtualHosts: [host] } = open.build();
  assert.deepEqual(Object.keys(host?.typedPerFilterConfig ?? {}), ["tested.key"]);
});

Deno.test("auth-headers closes every listener, and no filter is ever disabled", async () => {
  using tested = await testPlugin(plugin, {
    config: { jwt: { corp: CORP }, external: { url: "http://authz:9000" } },
  });
  const filters = filtersOf(tested.shared().listeners[0]);
  assert.deepEqual(filters.map(({ name }) => name), [
    ...["lower-case-authority", "tested.key", "tested.jwt", "tested.claims", "tested.external", "router"],
  ]);
  assert.deepEqual(filters.filter(({ disabled }) => disabled), []);
  assert.deepEqual(filters[1]?.typedConfig, {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuth",
  });
});

Deno.test("auth-headers asks for each of the session's keys, and takes it from the request", async () => {
  using tested = await testPlugin(plugin);
  const build = (key: typeof KEY & { readonly header?: string; readonly cookie?: string }) =>
    tested.build({ input: { key } }).virtualHosts[0]?.typedPerFilterConfig?.["tested.key"];
  const common = {
    "@type": "type.googleapis.com/envoy.extensions.filters.http.api_key_auth.v3.ApiKeyAuthPerRoute",
    // Both references lead to the same secret, and Envoy would refuse it twice.
    credentials: [{ key: SAMPLE_SECRET, client: "session" }],
    forwarding: { hideCredentials: true },
  };
  const twice = { values: [{ env: "KEY" }, { env: "NEXT_KEY" }] };
  assert.deepEqual(build(twice), { ...common, keySources: [{ header: "authorization" }] });
  assert.deepEqual(build({ ...twice, header: "x-api-key" }), { ...common, keySources: [{ header: "x-api-key" }] });
  assert.deepEqual(build({ ...twice, cookie: "token" }), { ...common, keySources: [{ cookie: "token" }] });
});

Deno.test("auth-headers sets the session's headers before the operator's, and removes what clients send of them", async () => {
  using tested = await testPlugin(plugin, {
    config: { open: true, headers: { "x-tier": "free", "x-zone": "eu" }, strip: ["x-admin"] },
  });
  const { virtualHosts: [host] } = tested.build({
    input: { headers: { "x-tier": "100% %REQ(x-evil)%" }, strip: ["cookie"] },
  });
  assert.deepEqual(host?.requestHeadersToRemove, ["x-admin", "cookie", "x-tier", "x-zone"]);
  assert.deepEqual(
    host?.requestHeadersToAdd?.map(({ header, appendAction }) => [header?.key, header?.value, appendAction]),
    [["x-tier", "100%% %%REQ(x-evil)%%", "OVERWRITE_IF_EXISTS_OR_ADD"], ["x-zone", "eu", "OVERWRITE_IF_EXISTS_OR_ADD"]],
  );
});

Deno.test("auth-headers has Envoy ask for a secret header by name: no route and no cluster holds it", async () => {
  using tested = await testPlugin(plugin, { config: { open: true } });
  const { virtualHosts, clusters, secrets } = tested.build({
    input: { secretHeaders: { authorization: { value: { file: "token" }, prefix: "Bearer " } } },
  });
  const name = "session-1/tested/authorization";
  assert.deepEqual(secrets, [{ name, genericSecret: { secret: { inlineString: SAMPLE_SECRET } } }]);
  assert.doesNotMatch(JSON.stringify([virtualHosts, clusters]), new RegExp(SAMPLE_SECRET));
  assert.deepEqual(virtualHosts[0]?.requestHeadersToRemove, ["authorization"]);
  const options = clusters[0]?.typedExtensionProtocolOptions
    ?.["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"];
  assert.ok(options?.["@type"] === "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions");
  assert.ok(!("value" in options) && options.explicitHttpConfig?.http2ProtocolOptions);
  assert.deepEqual(options.httpFilters?.map((filter) => filter.name), [name, "codec"]);
});

Deno.test("auth-headers takes tokens of the operator's issuers alone, with the session's claims", async () => {
  using tested = await testPlugin(plugin, { config: { jwt: { corp: CORP } } });
  const settings = tested.build({ input: { jwt: { provider: "corp", claims: { aud: "s1" } } } }).virtualHosts[0]
    ?.typedPerFilterConfig;
  assert.deepEqual(Object.keys(settings ?? {}), ["tested.claims", "tested.jwt", "tested.key"]);
  assert.match(JSON.stringify(settings?.["tested.claims"]), /"path":\[\{"key":"corp"\},\{"key":"aud"\}\]/);
  const message = 'jwt.provider: there is no "toString" among ["corp"]';
  assert.deepEqual(tested.failures({ input: { jwt: { provider: "toString" } } }).map((failure) => failure.message), [
    message,
  ]);
});

Deno.test("auth-headers asks the external service about every session, or about those that say so", async () => {
  const url = "https://authz.example.org";
  using always = await testPlugin(plugin, { config: { external: { url } } });
  const [cluster] = always.shared().clusters;
  assert.equal(cluster?.name, "tested:external");
  assert.match(JSON.stringify(cluster), /"address":"authz.example.org","portValue":443/);
  const ofExternal = (tested: typeof always, external?: Record<string, string>) =>
    tested.build({ input: { key: KEY, ...(external && { external }) } }).virtualHosts[0]?.typedPerFilterConfig
      ?.["tested.external"];
  const type = "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute";
  assert.deepEqual(ofExternal(always, { session: "another", tier: "free" }), {
    "@type": type,
    checkSettings: { contextExtensions: { session: "session-1", tier: "free" } },
  });
  using asked = await testPlugin(plugin, { config: { external: { url, always: false } } });
  assert.deepEqual(ofExternal(asked), { "@type": type, disabled: true });
  assert.deepEqual(ofExternal(asked, {}), {
    "@type": type,
    checkSettings: { contextExtensions: { session: "session-1" } },
  });
  using none = await testPlugin(plugin);
  assert.match(none.failures({ input: { external: {} } })[0]?.message ?? "", /no external service is configured/);
});

Deno.test("auth-headers refuses what Envoy would refuse or take for something else, with the path", async () => {
  using tested = await testPlugin(plugin, { name: "auth" });
  const paths = (input: unknown) => tested.failures({ plugins: { auth: input } }).map(({ path }) => path);
  for (const name of [":path", "host", "Transfer-Encoding", "content-length", "X-User", "x user", "x\nuser", ""]) {
    const [path, ...more] = paths({ key: KEY, headers: { [name]: "x" } });
    assert.ok(path?.startsWith("plugins.auth.headers") && more.length === 0, `${name}: ${path}`);
  }
  assert.deepEqual(paths({ key: KEY, headers: { "x-user": "a\r\nx-admin: 1" } }), ["plugins.auth.headers.x-user"]);
  assert.deepEqual(paths({ key: KEY, strip: ["host"] }), ["plugins.auth.strip[0]"]);
  assert.deepEqual(paths({ key: { values: [] } }), ["plugins.auth.key.values"]);
  assert.deepEqual(paths({ key: KEY, jwt: { provider: "corp" } }), ["plugins.auth.key.header"]);
  assert.deepEqual(paths({ key: { ...KEY, header: "x", cookie: "y" } }), ["plugins.auth.key"]);
});
