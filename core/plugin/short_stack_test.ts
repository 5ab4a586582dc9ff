import assert from "node:assert/strict";
import { importBytes } from "./load_module.ts";
import { shortStack } from "./short_stack.ts";

Deno.test("shortStack() names a module that was run from memory in a word", async () => {
  const code = `export function fail() { throw new TypeError("no"); } // ${"x".repeat(5_000)}`;
  const { fail } = await importBytes(new TextEncoder().encode(code), "text/javascript");
  assert(typeof fail === "function");
  try {
    fail();
    assert.fail("nothing was thrown");
  } catch (thrown) {
    const short = String(shortStack(thrown));
    assert.match(short, /^TypeError: no\n {4}at .*fail \(\(pinned\):1:\d+\)\n/);
    assert(short.length < 1_000);
  }
});

Deno.test("shortStack() leaves everything else as it is", () => {
  for (const thrown of [new Error("no"), "no", null, { stack: "data:text/javascript;base64,AAAA" }]) {
    assert.equal(shortStack(thrown), thrown);
  }
});
