import assert from "node:assert/strict";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { callByWeb } from "./grpc_web.ts";
import { createPluginWorld } from "./plugin_world.ts";
import { sendRaw } from "./raw_http.ts";

const APP = "https://app.example.net";

testWithEnvoy("pages of the session's origins may call it, others not; preflights never reach the pod", async () => {
  const plugins = [
    { name: "auth-headers" },
    { name: "grpc-web" },
    { name: "cors", config: { origins: ["https://*.example.org"], maxAge: "1h" } },
  ];
  await using world = await createPluginWorld({ tls: false, plugins });
  const backend = await world.world.addBackend("a");
  await world.writeSecret("key", "the-key");
  const auth = { "auth-headers": { key: { values: [{ file: "key" }] } } };
  await world.live({ id: "s1", backend, plugins: { ...auth, cors: { origins: [APP], credentials: true } } });
  await world.live({ id: "s2", backend, plugins: auth });
  await world.live({ id: "any", backend, plugins: { ...auth, cors: { origins: ["*"] } } });

  const preflight = async (host: string, origin: string) => {
    const { status, text } = await sendRaw(world.world.ingress(), [
      "OPTIONS /signalbox.dev.Echo/Say HTTP/1.1",
      `host: ${host}`,
      `origin: ${origin}`,
      "access-control-request-method: POST",
      "access-control-request-headers: authorization,x-grpc-web",
    ]);
    const header = (name: string) => new RegExp(`^access-control-${name}: (.*)\r$`, "m").exec(text)?.[1];
    return {
      status,
      origin: header("allow-origin"),
      headers: header("allow-headers"),
      age: header("max-age"),
      credentials: header("allow-credentials"),
    };
  };
  const headers = "authorization,content-type,grpc-timeout,x-grpc-web,x-user-agent";
  const allowed = { status: 200, headers, age: "3600" };
  const [own, capitals, subdomain, any] = await Promise.all([
    preflight("s1.example.org", APP),
    preflight("S1.Example.org", APP),
    preflight("s2.example.org", "https://a.b.example.org"),
    preflight("any.example.org", "http://localhost:3000"),
  ]);
  assert.deepEqual(own, { ...allowed, origin: APP, credentials: "true" });
  assert.deepEqual(capitals, own);
  assert.deepEqual(subdomain, { ...allowed, origin: "https://a.b.example.org", credentials: undefined });
  assert.deepEqual(any, { ...allowed, origin: "http://localhost:3000", credentials: undefined });

  const strangers = [
    ["s1.example.org", "https://a.example.org"],
    ["s1.example.org", "https://app.example.net.evil.example"],
    ["s1.example.org", "http://app.example.net"],
    ["s1.example.org", "null"],
    ["s2.example.org", APP],
    ["s2.example.org", "https://example.org"],
    ["s2.example.org", "https://evilexample.org"],
    ["s2.example.org", "https://a.example.org.evil.example"],
    ["s2.example.org", "https://evil.example/.example.org"],
    ["s2.example.org", "https://a.example.org:8443"],
  ] as const;
  const answers = await Promise.all(strangers.map(([host, origin]) => preflight(host, origin)));
  for (const [index, { origin }] of answers.entries()) {
    assert.equal(origin, undefined, String(strangers[index]));
  }
  assert.equal(backend.calls, 0);

  // What a page is refused, it may read.
  const call = (authorization: string) =>
    callByWeb(world.world.ingress(), "s1.example.org", {
      method: "Say",
      request: { text: "hello" },
      headers: { origin: APP, authorization },
    });
  for (const [authorization, grpcStatus] of [["Bearer wrong", "16"], ["Bearer the-key", "0"]] as const) {
    const reply = await call(authorization);
    assert.equal(reply.grpcStatus, grpcStatus);
    assert.equal(reply.headers["access-control-allow-origin"], APP);
    assert.match(reply.headers["access-control-expose-headers"] ?? "", /grpc-status/);
  }
  assert.match(
    await world.refused({ id: "x", backend, plugins: { ...auth, cors: { origins: ["*"], credentials: true } } }),
    /credentials: not with/,
  );
});
