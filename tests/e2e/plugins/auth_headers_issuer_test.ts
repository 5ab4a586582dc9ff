import assert from "node:assert/strict";
import { join } from "node:path";
import { createDevCertificate } from "../../../core/dev/certificate.ts";
import { testWithEnvoy } from "../envoy_test_case.ts";
import { startAuthorizationService } from "./authorization_service.ts";
import { createIssuer } from "./issuer.ts";
import { createPluginWorld } from "./plugin_world.ts";

const auth = (input: unknown) => ({ "auth-headers": input });

testWithEnvoy("a JWT opens a session by its issuer, its audience and its claims", async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "signalbox-jwt-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const [corp, partner] = [await createIssuer(), await createIssuer()];
  // One's keys are in a file, the other's are asked for.
  const jwks = join(folder, "jwks.json");
  await Deno.writeTextFile(jwks, corp.jwks);
  const { ca, cert, key } = await createDevCertificate("partner.example", { now: new Date() });
  const caFile = join(folder, "ca.pem");
  await Deno.writeTextFile(caFile, ca);
  const keys = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    ({ url }) => new URL(url).pathname === "/jwks" ? new Response(partner.jwks) : new Response(null, { status: 404 }),
  );
  stack.defer(() => keys.shutdown());
  const providers = {
    corp: { issuer: "https://corp.example", audiences: ["sessions"], jwksFile: { file: jwks } },
    partner: { issuer: "https://partner.example", jwks: { url: `https://127.0.0.1:${keys.addr.port}/jwks`, caFile } },
  };
  const plugins = [{ name: "auth-headers", config: { jwt: providers } }];
  const world = stack.use(await createPluginWorld({ plugins }));
  const backend = await world.world.addBackend("a");
  await world.live({ id: "any", backend, plugins: auth({ jwt: { provider: "corp" } }) });
  await world.live({
    id: "alice",
    backend,
    plugins: auth({ jwt: { provider: "corp", claims: { sub: "alice", aud: "s1" } } }),
  });
  await world.live({ id: "partner", backend, plugins: auth({ jwt: { provider: "partner", claims: { aud: "s1" } } }) });

  const nowS = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://corp.example", aud: ["sessions", "s1"], sub: "alice", exp: nowS + 600 };
  const theirs = { iss: "https://partner.example", aud: "s1", exp: nowS + 600 };
  const call = async (host: string, token: string) => {
    const result = await world.say(`${host}.example.org`, token === "" ? {} : { authorization: `Bearer ${token}` });
    if (result.ok) assert.equal(result.reply.headers["authorization"], undefined);
    return result.ok ? "OK" : result.codeName;
  };
  const token = await corp.sign(claims);
  assert.equal(await call("any", token), "OK");
  assert.equal(await call("alice", token), "OK");
  assert.equal(await call("ALICE", token), "OK");
  assert.equal(await call("partner", await partner.sign(theirs)), "OK");
  const calls = backend.calls;

  const [head, body, signature] = token.split(".");
  const forged = Buffer.from(JSON.stringify({ ...claims, sub: "mallory" })).toString("base64url");
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${body}.`;
  for (
    const [what, wrong] of Object.entries({
      "no token": "",
      "no JWT": "token",
      "another's signature": await partner.sign(claims),
      "another issuer": await corp.sign({ ...claims, iss: "https://partner.example" }),
      "no signature": unsigned,
      "claims that were changed": `${head}.${forged}.${signature}`,
      "an end that has passed": await corp.sign({ ...claims, exp: nowS - 600 }),
      "no end": await corp.sign({ ...claims, exp: undefined }),
    })
  ) {
    for (const host of ["any", "alice", "ANY"]) {
      assert.equal(await call(host, wrong), "UNAUTHENTICATED", `${host}: ${what}`);
    }
  }
  const denied: Readonly<Record<string, readonly [host: string, token: string]>> = {
    "an audience that the provider does not have": ["any", await corp.sign({ ...claims, aud: "else" })],
    "another subject": ["alice", await corp.sign({ ...claims, sub: "bob" })],
    "no subject": ["alice", await corp.sign({ ...claims, sub: undefined })],
    "another session's audience": ["alice", await corp.sign({ ...claims, aud: ["sessions", "s2"] })],
    "a part of the audience": ["partner", await partner.sign({ ...theirs, aud: "s" })],
  };
  for (const [what, [host, wrong]] of Object.entries(denied)) {
    assert.equal(await call(host, wrong), "PERMISSION_DENIED", what);
  }
  assert.equal(await call("partner", token), "UNAUTHENTICATED");
  assert.equal(backend.calls, calls, "a call without the right token reached the pod");
  assert.match(await world.refused({ id: "x", backend, plugins: auth({ jwt: { provider: "else" } }) }), /jwt.provider/);
});

testWithEnvoy("an external service lets requests through, and nobody passes while it is away", async () => {
  await using service = await startAuthorizationService("gold");
  const external = { url: `http://127.0.0.1:${service.port}`, always: false };
  await using world = await createPluginWorld({
    plugins: [{ name: "auth-headers", config: { open: true, external } }],
  });
  const backend = await world.world.addBackend("a");
  await world.live({ id: "gold", backend, plugins: auth({ external: { tier: "gold" } }) });
  await world.live({ id: "free", backend, plugins: auth({ external: { tier: "free" } }) });
  await world.live({ id: "open", backend });

  for (const host of ["gold", "GOLD"]) await world.seenByPod(`${host}.example.org`);
  assert.equal(service.asked.length, 2);
  // Key and value of a map's entry.
  assert.ok(service.asked[0]?.includes("session\x12\x04gold"));
  for (const host of ["open", "OPEN"]) await world.seenByPod(`${host}.example.org`);
  assert.equal(service.asked.length, 2);
  const calls = backend.calls;
  const outcome = async (authority: string) => {
    const result = await world.say(authority);
    return result.ok ? "OK" : result.codeName;
  };
  for (const host of ["free", "FREE"]) assert.equal(await outcome(`${host}.example.org`), "UNAUTHENTICATED");
  await service.stop();
  for (const host of ["gold", "free"]) assert.equal(await outcome(`${host}.example.org`), "UNAVAILABLE");
  assert.equal(backend.calls, calls, "a call that was not allowed reached the pod");
});
