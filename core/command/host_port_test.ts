import assert from "node:assert/strict";
import { formatHostPort, parseHostPort } from "./host_port.ts";

Deno.test("parseHostPort() splits host and port when the text is well formed", () => {
  for (const text of ["10.0.0.7:50051", "[2001:db8::1]:80", "signalbox.default.svc:1", "a-b_c:65535"]) {
    assert.equal(formatHostPort(parseHostPort(text)), text);
  }
  assert.deepEqual(parseHostPort("[::1]:80"), { host: "::1", port: 80 });
});

Deno.test("parseHostPort() throws when the text is anything else", () => {
  const bad = [
    "",
    "a",
    ":80",
    "a:",
    "a:0",
    "a:65536",
    "a:1234567",
    "a:b",
    "::1:80",
    "[a]:80",
    "[::1]",
    "http://a:80",
    "a b:1",
  ];
  for (const text of bad) assert.throws(() => parseHostPort(text), RangeError, text);
});
