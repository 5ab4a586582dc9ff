import assert from "node:assert/strict";
import { createToken, findToken, hashToken } from "./token.ts";

Deno.test("createToken() gives 256 random bits that say what they are", () => {
  const tokens = Array.from({ length: 100 }, createToken);
  assert.equal(new Set(tokens).size, 100);
  for (const token of tokens) assert.match(token, /^sbx_[A-Za-z0-9_-]{43}$/);
});

Deno.test("hashToken() is SHA-256 in hex", () => {
  assert.equal(hashToken("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

Deno.test("findToken() finds whose token it is, and nobody for any other text", () => {
  const [a, b] = [createToken(), createToken()];
  const tokens = [{ name: "a", sha256: hashToken(a) }, { name: "b", sha256: hashToken(b) }];
  assert.equal(findToken(tokens, a), "a");
  assert.equal(findToken(tokens, b), "b");
  for (const wrong of ["", createToken(), a.slice(1), `${a} `, hashToken(a), a.toUpperCase(), "x".repeat(100_000)]) {
    assert.equal(findToken(tokens, wrong), undefined, wrong.slice(0, 80));
  }
  assert.equal(findToken([], a), undefined);
});
