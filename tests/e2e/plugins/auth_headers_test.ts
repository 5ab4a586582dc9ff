import assert from "node:assert/strict";
import { constants, createServer, type ServerHttp2Stream } from "node:http2";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { testEveryLayout } from "../layouts.ts";
import { createPluginWorld, type PluginWorld } from "./plugin_world.ts";

const KEY = "key-0123456789abcdef";
const OTHER_KEY = "key-of-another-session";
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const auth = (input: unknown) => ({ "auth-headers": input });

async function expectUnauthenticated(
  { say }: PluginWorld,
  authority: string,
  headers: Readonly<Record<string, string | readonly string[]>>,
): Promise<void> {
  const result = await say(authority, headers);
  const what = `${authority} ${JSON.stringify(headers)}: ${JSON.stringify(result)}`;
  assert.equal(result.ok ? "OK" : result.codeName, "UNAUTHENTICATED", what);
}

testEveryLayout("a key opens its own session and no other, by every host", async (layout) => {
  await using world = await createPluginWorld({
    ...layout,
    plugins: [{ name: "auth-headers", config: { open: true } }],
  });
  const closed = await world.world.addBackend("closed");
  const open = await world.world.addBackend("open");
  await world.writeSecret("key", `${KEY}\n`);
  await world.writeSecret("other", OTHER_KEY);
  const aliases = ["alias.example.org"];
  await world.live({ id: "s1", aliases, backend: closed, plugins: auth({ key: { values: [{ file: "key" }] } }) });
  await world.live({ id: "s2", backend: open, plugins: auth({ key: { values: [{ file: "other" }] } }) });
  await world.live({ id: "open", backend: open });

  const authorities = [
    "s1.example.org",
    "s1.example.org:443",
    "S1.Example.ORG",
    "alias.example.org",
    "ALIAS.example.org:1",
  ];
  for (const authority of authorities) {
    const seen = await world.seenByPod(authority, bearer(KEY));
    assert.equal(seen["authorization"], undefined);
  }
  const calls = closed.calls;
  for (const authority of authorities) {
    for (const headers of [{}, bearer(OTHER_KEY)]) await expectUnauthenticated(world, authority, headers);
  }
  assert.equal(closed.calls, calls, "a call without the key reached the pod");
  for (const authority of ["open.example.org", "OPEN.example.org:443"]) await world.seenByPod(authority);
  // Nobody learns which sessions there are.
  await expectUnauthenticated(world, "unknown.example.org", {});
});

testWithEnvoy("what is not exactly the key never reaches the pod", async () => {
  await using world = await createPluginWorld({ plugins: [{ name: "auth-headers" }] });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", KEY);
  await world.writeSecret("next", "next-key");
  const values = [{ file: "key" }, { file: "next" }];
  await world.live({ id: "bearer", backend, plugins: auth({ key: { values } }) });
  await world.live({ id: "header", backend, plugins: auth({ key: { header: "x-api-key", values } }) });
  await world.live({ id: "cookie", backend, plugins: auth({ key: { cookie: "token", values } }) });
  for (const key of [KEY, "next-key"]) {
    await world.seenByPod("bearer.example.org", bearer(key));
    assert.equal((await world.seenByPod("header.example.org", { "x-api-key": key }))["x-api-key"], undefined);
    const { cookie } = await world.seenByPod("cookie.example.org", { cookie: `a=1; token=${key}; b=2` });
    assert.equal(cookie, "a=1; b=2");
  }
  const calls = backend.calls;
  const wrong = [
    "",
    " ",
    KEY.slice(0, -1),
    `${KEY}0`,
    KEY.toUpperCase(),
    `${KEY},x`,
    `${KEY} x`,
    `x ${KEY}`,
    "*",
    "null",
  ];
  for (const key of wrong) {
    await expectUnauthenticated(world, "bearer.example.org", bearer(key));
    await expectUnauthenticated(world, "header.example.org", { "x-api-key": key });
    await expectUnauthenticated(world, "cookie.example.org", { cookie: `token=${key}` });
  }
  const misplaced: readonly (readonly [string, Readonly<Record<string, string | readonly string[]>>])[] = [
    ["bearer.example.org", { authorization: `Basic ${KEY}` }],
    ["bearer.example.org", { authorization: `Bearer Bearer ${KEY}` }],
    ["bearer.example.org", {
      "proxy-authorization": `Bearer ${KEY}`,
      "x-api-key": KEY,
      cookie: `authorization=${KEY}`,
    }],
    ["header.example.org", { "x-api-key": ["wrong", KEY] }],
    ["header.example.org", bearer(KEY)],
    ["header.example.org", { cookie: `x-api-key=${KEY}; token=${KEY}` }],
    ["cookie.example.org", { cookie: `xtoken=${KEY}; Token=${KEY}; token=wrong` }],
    ["cookie.example.org", { token: KEY, ...bearer(KEY) }],
  ];
  for (const [authority, headers] of misplaced) await expectUnauthenticated(world, authority, headers);
  assert.equal(backend.calls, calls, "a call without the key reached the pod");
  // A second header beside the right one is taken away with it.
  const seen = await world.seenByPod("header.example.org", { "x-api-key": [KEY, "smuggled"] });
  assert.equal(seen["x-api-key"], undefined);
});

testWithEnvoy("the pod gets the session's headers, whatever the client sends of them", async () => {
  const config = { open: true, headers: { "x-tier": "free", "x-zone": "eu" }, strip: ["x-admin"] };
  await using world = await createPluginWorld({ plugins: [{ name: "auth-headers", config }] });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("token", "pod-token-1\n");
  const value = { file: "token" };
  const headers = {
    "x-tier": "gold",
    "x-note": "100% %REQ(x-evil)% %ENVIRONMENT(HOME)%",
  };
  const secretHeaders = { "authorization": { value, prefix: "Bearer " }, "x-token": { value } };
  await world.live({ id: "s1", backend, plugins: auth({ headers, secretHeaders, strip: ["cookie"] }) });
  const forged = ["forged", "forged too"];
  const sent = {
    ...{ "x-tier": forged, "x-zone": forged, "x-note": forged, "x-token": forged, "x-admin": forged, cookie: "a=1" },
    ...{ authorization: "Bearer forged", "x-evil": "evil", "x-other": "kept" },
  };
  const seen = await world.seenByPod("s1.example.org", sent);
  const { "x-tier": tier, "x-zone": zone, "x-note": note, authorization, "x-token": token } = seen;
  assert.deepEqual({ tier, zone, note, authorization, token }, {
    ...{ tier: "gold", zone: "eu", note: headers["x-note"], authorization: "Bearer pod-token-1", token: "pod-token-1" },
  });
  assert.deepEqual([seen["x-admin"], seen["cookie"], seen["x-other"]], [undefined, undefined, "kept"]);

  // A new secret reaches the pod while calls go on, and nothing else is sent.
  const [envoy] = world.world.envoys;
  const updates = () => envoy?.stat("cluster_manager.cluster_modified");
  const before = await updates();
  await using load = world.world.load("s1.example.org");
  await world.writeSecret("token", "pod-token-2\n");
  await until(async () => (await world.seenByPod("s1.example.org"))["x-token"] === "pod-token-2");
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal(await updates(), before);
});

testWithEnvoy("a call that is tried again has the session's headers once, every time", async () => {
  await using world = await createPluginWorld({ plugins: [{ name: "auth-headers", config: { open: true } }] });
  const attempts: unknown[] = [];
  const pod = createServer().on("stream", (stream: ServerHttp2Stream, headers) => {
    attempts.push([headers["x-user"], headers["x-token"]]);
    stream.on("error", () => {}).close(constants.NGHTTP2_REFUSED_STREAM);
  });
  await new Promise<void>((resolve) => pod.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = pod.address() as { readonly port: number };
    await world.writeSecret("token", "pod-token");
    const plugins = auth({
      headers: { "x-user": "alice" },
      secretHeaders: { "x-token": { value: { file: "token" } } },
    });
    await world.live({ id: "s1", backend: { address: "127.0.0.1", port }, plugins });
    const result = await world.say("s1.example.org", { "x-user": "forged", "x-token": "forged" });
    assert.ok(!result.ok);
    assert.deepEqual(attempts, Array.from({ length: 3 }, () => ["alice", "pod-token"]));
  } finally {
    pod.close();
  }
});
