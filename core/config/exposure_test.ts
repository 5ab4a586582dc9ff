import assert from "node:assert/strict";
import type { Config } from "./config.ts";
import { allowsPolling, findExposures, isLoopback } from "./exposure.ts";

const tls = { cert: "a.crt", key: "a.key" };
const clientCa = { ...tls, clientCa: "ca.crt" };
const tokens = [{ name: "a", sha256: "0".repeat(64) }];

const pathsOf = (http: Partial<Config["http"]>, xds: Partial<Config["xds"]>, grpc: Partial<Config["grpc"]> = {}) =>
  findExposures({
    http: { address: "127.0.0.1", port: 1, tokens: [], longPollMs: 0, ...http },
    xds: { address: "127.0.0.1", port: 2, tokens: [], maxConnectionAgeMs: 1, ...xds },
    grpc: { enabled: true, address: "127.0.0.1", port: 3, tokens: [], ...grpc },
  }).map(({ path, message }) => `${path} ${/give (.*)$/.exec(message)?.[1]}`);

Deno.test("findExposures() finds nothing on loopback", () => {
  for (const address of ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"]) {
    assert.deepEqual(pathsOf({ address }, { address }, { address }), [], address);
  }
});

Deno.test("findExposures() finds an API that anybody on the network may use", () => {
  const exposed = ["http.address http.tokens, http.tokensFile or http.tls.clientCa"];
  for (const address of ["0.0.0.0", "::", "10.0.0.1", "2001:db8::1", "::ffff:10.0.0.1", "128.0.0.1"]) {
    assert.deepEqual(pathsOf({ address }, {}), exposed, address);
  }
  const address = "0.0.0.0";
  assert.deepEqual(pathsOf({ address, tls }, {}), exposed);
  assert.deepEqual(pathsOf({}, {}, { address }), ["grpc.address grpc.tokens, grpc.tokensFile or grpc.tls.clientCa"]);
  assert.deepEqual(pathsOf({}, {}, { address, enabled: false }), []);
  for (const access of [{ tokens }, { tokensFile: "t.yaml" }, { tls: clientCa }]) {
    assert.deepEqual(pathsOf({ address, ...access }, {}, { address, ...access }), [], JSON.stringify(access));
  }
});

Deno.test("findExposures() finds xDS that gives private keys away, by its clients or on the way", () => {
  const address = "0.0.0.0";
  const open = "xds.address xds.tls.clientCa, xds.tokens or xds.tokensFile";
  assert.deepEqual(pathsOf({}, { address }), ["xds.address xds.tls", open]);
  assert.deepEqual(pathsOf({}, { address, tls }), [open]);
  assert.deepEqual(pathsOf({}, { address, tokens }), ["xds.address xds.tls"]);
  assert.deepEqual(pathsOf({}, { address, tls, tokens }), []);
  assert.deepEqual(pathsOf({}, { address, tls: clientCa }), []);
});

Deno.test("allowsPolling() is about who could read a token on the network, and with it private keys", () => {
  const allows = (http: Partial<Config["http"]>) =>
    allowsPolling({ address: "10.0.0.1", port: 1, tokens: [], longPollMs: 0, ...http });
  for (const access of [{ tokens }, { tokensFile: "t.yaml" }]) {
    assert.equal(allows(access), false);
    assert.equal(allows({ ...access, tls }), true);
    assert.equal(allows({ ...access, address: "127.0.0.1" }), true);
  }
  assert.equal(allows({ tls: clientCa }), true);
  // It is open to all, and was started with that in mind.
  assert.equal(allows({}), true);
});

Deno.test("isLoopback() is about addresses that no other machine reaches", () => {
  for (const address of ["127.0.0.1", "::1"]) assert.ok(isLoopback(address), address);
  for (const address of ["0.0.0.0", "::", "192.168.0.1", "fe80::1"]) assert.ok(!isLoopback(address), address);
});
