import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { createServer, type ServerHttp2Stream } from "node:http2";
import { join } from "node:path";
import { until } from "../../../core/dev/until.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { createPluginWorld, MEDDLER, type PluginWorld } from "./plugin_world.ts";
import { sendRaw } from "./raw_http.ts";

const KEY = "key-0123456789abcdef";
const RIGHT = { authorization: `Bearer ${KEY}` };
/** What a session says whose key is in a file. */
const keyed = (file: string) => ({ "auth-headers": { key: { values: [{ file }] } } });

/** The gRPC code of a call, or OK. */
async function outcome({ say }: PluginWorld, authority: string, headers = {}): Promise<string> {
  const result = await say(authority, headers);
  return result.ok ? "OK" : result.codeName;
}

testWithEnvoy("no spelling of an HTTP/1 request opens a session without its key", async () => {
  const plugins = [{ name: "auth-headers" }, { name: "meddler", from: MEDDLER }];
  await using world = await createPluginWorld({ tls: false, plugins });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", KEY);
  await world.writeSecret("other", "other-key");
  await world.live({ id: "s1", backend, plugins: { ...keyed("key"), meddler: { does: "upgrade" } } });
  await world.live({ id: "s2", backend, plugins: keyed("other") });
  const send = (lines: readonly string[]) => sendRaw(world.world.ingress(), [...lines, "content-length: 0"]);

  const say = "POST /signalbox.dev.Echo/Say HTTP/1.1";
  const right = await send([say, "host: s1.example.org", `AUTHORIZATION: Bearer ${KEY}`]);
  assert.notEqual(right.status, 401, right.text);
  const calls = backend.calls;
  const keyOfS2 = "authorization: Bearer other-key";
  const attempts: readonly (readonly string[])[] = [
    [say, "host: s1.example.org"],
    [say, "host: s1.example.org", `authorization: Bearer ${KEY}`, `authorization: Bearer ${KEY}`],
    [say, "host: s1.example.org", "authorization: Bearer wrong", `authorization: Bearer ${KEY}`],
    [say, "host: s1.example.org", `authorization: Bearer ${KEY}, Bearer wrong`],
    [say, "host: s1.example.org", `authorization: Bearer\t${KEY}`],
    // The key of the host that is called counts, whatever else is named.
    [say, "host: s1.example.org", keyOfS2],
    [say, "host: s1.example.org", "host: s2.example.org", keyOfS2],
    [say, "host: s1.example.org", "x-forwarded-host: s2.example.org", "x-envoy-original-host: s2.example.org", keyOfS2],
    ["POST http://s1.example.org/signalbox.dev.Echo/Say HTTP/1.1", "host: s2.example.org", keyOfS2],
    ["POST //s2.example.org/x HTTP/1.1", "host: s1.example.org", keyOfS2],
    [`POST /x?authorization=Bearer%20${KEY} HTTP/1.1`, "host: s1.example.org"],
    ["GET / HTTP/1.1", "host: s1.example.org", "upgrade: websocket", "connection: upgrade"],
    ["GET / HTTP/1.1", "host: s1.example.org", "upgrade: h2c", "http2-settings: AAMAAABk"],
    ["CONNECT s1.example.org:443 HTTP/1.1", "host: s1.example.org:443"],
    ["OPTIONS / HTTP/1.1", "host: s1.example.org", "origin: https://a.example", "access-control-request-method: POST"],
  ];
  await Promise.all(attempts.map(async (lines) => {
    const { status, text } = await send(lines);
    assert.equal(status, 401, `${JSON.stringify(lines)}: ${text}`);
  }));
  assert.equal(backend.calls, calls, "a call without the key reached the pod");
});

testWithEnvoy("what other plugins do before or after leaves a session closed, and its headers its own", async () => {
  const plugins = [
    { name: "before", from: MEDDLER },
    { name: "auth-headers", config: { strip: ["x-admin"] } },
    { name: "after", from: MEDDLER },
  ];
  await using world = await createPluginWorld({ plugins });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", KEY);
  const headers = { headers: { "x-user": "alice" }, secretHeaders: { "x-token": { value: { file: "key" } } } };
  const register = (id: string, others: Record<string, unknown>) => {
    const own = { ...keyed("key")["auth-headers"], ...headers };
    return world.live({
      id,
      aliases: [`alias-${id}.example.org`],
      backend,
      plugins: { "auth-headers": own, ...others },
    });
  };
  const right = { ...RIGHT, "x-user": "forged", "x-token": "forged", "x-admin": "forged" };

  for (const place of ["before", "after"]) {
    for (const does of ["routes", "hosts"]) {
      const id = `${does}-${place}`;
      await register(id, { [place]: { does } });
      for (const authority of [`${id}.example.org`, `alias-${id}.example.org`, `ALIAS-${id}.example.org`]) {
        assert.equal(await outcome(world, authority), "UNAUTHENTICATED", authority);
        const seen = await world.seenByPod(authority, right);
        assert.deepEqual([seen["x-user"], seen["x-token"], seen["x-admin"]], ["alice", KEY, undefined], authority);
      }
    }
  }
  await register("remade", { before: { does: "forget" } });
  assert.equal(await outcome(world, "remade.example.org"), "UNAUTHENTICATED");
  await world.seenByPod("remade.example.org", right);
  // Virtual hosts that are made anew after this plugin have lost its settings: nobody gets in, with the key neither.
  await register("forgotten", { after: { does: "forget" } });
  assert.equal(await outcome(world, "forgotten.example.org", right), "UNAUTHENTICATED");
});

testWithEnvoy("a pod that redirects its clients to another session takes them no further than its door", async () => {
  const plugins = [{ name: "auth-headers" }, { name: "meddler", from: MEDDLER }];
  await using world = await createPluginWorld({ plugins });
  const inner = await world.world.addBackend("inner");
  let asked = 0;
  const outer = createServer().on("stream", (stream: ServerHttp2Stream) => {
    asked++;
    const location = "https://inner.example.org/signalbox.dev.Echo/Say";
    // Envoy follows once the request is complete.
    stream.resume().once("end", () => stream.respond({ ":status": 302, location }, { endStream: true }));
  });
  await new Promise<void>((resolve) => outer.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = outer.address() as { readonly port: number };
    await world.writeSecret("key", KEY);
    const backend = { address: "127.0.0.1", port };
    await world.live({ id: "outer", backend, plugins: { ...keyed("key"), meddler: { does: "redirect" } } });
    await world.live({ id: "inner", backend: inner, plugins: keyed("key") });
    assert.equal(await outcome(world, "outer.example.org", RIGHT), "UNAUTHENTICATED");
    assert.deepEqual([asked, inner.calls], [1, 0]);
  } finally {
    outer.close();
  }
});

testWithEnvoy("a session whose secrets fail is never open: a new one is refused, another stays as it was", async () => {
  await using world = await createPluginWorld({ store: "sqlite", plugins: [{ name: "auth-headers" }] });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", KEY);
  await world.writeSecret("blank", "not a key");
  await world.writeSecret("other", "other-key");
  await world.live({ id: "s1", backend, plugins: keyed("key") });
  await world.live({ id: "s2", backend, plugins: keyed("other") });
  const expectAsBefore = async () => {
    assert.equal(await outcome(world, "s1.example.org"), "UNAUTHENTICATED");
    await world.seenByPod("s1.example.org", RIGHT);
  };
  for (
    const [file, reason] of [["missing", /missing/], ["blank", /must be printable/], [
      "../x",
      /below the folder/,
    ]] as const
  ) {
    for (const id of ["new", "s1"]) assert.match(await world.refused({ id, backend, plugins: keyed(file) }), reason);
  }
  assert.match(await world.refused({ id: "new", backend }), /open sessions are not allowed/);
  const calls = backend.calls;
  assert.equal(await outcome(world, "new.example.org", RIGHT), "UNAUTHENTICATED");
  assert.equal(backend.calls, calls);
  await expectAsBefore();

  // The secret goes while the session lives, and is not there after a restart: then there is nothing to keep.
  await rm(join(world.world.folder, "secrets", "key"));
  await expectAsBefore();
  await world.world.startSignalbox();
  await until(async () => await outcome(world, "s1.example.org", RIGHT) === "UNAUTHENTICATED", {
    what: "the end of s1",
  });
  await world.seenByPod("s2.example.org", { authorization: "Bearer other-key" });
});

testWithEnvoy("a session that does without the plugin, as onError: skip has it, is closed", async () => {
  await using world = await createPluginWorld({ plugins: [{ name: "auth-headers", onError: "skip" }] });
  const backend = await world.world.addBackend("a");
  await world.live({ id: "s1", backend, plugins: { "auth-headers": { jwt: { provider: "unknown" } } } });
  for (const headers of [{}, RIGHT]) assert.equal(await outcome(world, "s1.example.org", headers), "UNAUTHENTICATED");
  assert.equal(backend.calls, 0);
});

testWithEnvoy("keys and tokens are in no log and no dump", async () => {
  await using world = await createPluginWorld({ plugins: [{ name: "auth-headers" }] });
  const backend = await world.world.addBackend("a");
  const secrets = { key: KEY, token: "token-fedcba9876543210", blank: "a blank-in-this-key" };
  for (const [file, text] of Object.entries(secrets)) await world.writeSecret(file, text);
  const secretHeaders = { "x-token": { value: { file: "token" }, prefix: "Token " } };
  await world.live({
    id: "s1",
    backend,
    plugins: { "auth-headers": { ...keyed("key")["auth-headers"], secretHeaders } },
  });
  const refusal = await world.refused({ id: "s2", backend, plugins: keyed("blank") });
  assert.equal((await world.seenByPod("s1.example.org", RIGHT))["x-token"], `Token ${secrets.token}`);
  const { api, signalbox, envoys: [envoy] } = world.world;
  const texts = {
    refusal,
    explanation: JSON.stringify((await api.request("GET", "/xds/tasks/s1/explain")).body),
    task: JSON.stringify((await api.request("GET", "/xds/tasks/s1")).body),
    log: JSON.stringify(signalbox.records),
    envoysDump: JSON.stringify(await envoy?.configDump()),
    envoysLog: await envoy?.log(),
  };
  for (const [place, text] of Object.entries(texts)) {
    for (const secret of Object.values(secrets)) assert.ok(!text?.includes(secret), `${place} has "${secret}"`);
  }
  for (const dump of [texts.explanation, texts.envoysDump]) assert.match(dump, /s1\/auth-headers\/x-token/);
});
