import assert from "node:assert/strict";
import { isNamed } from "./identity.ts";

Deno.test("isNamed() compares whole names, and beginnings where a pattern ends with *", () => {
  const identity = ["uri:spiffe://example.org/edge/7", "cn:edge-7"];
  for (const pattern of ["cn:edge-7", "cn:edge-*", "uri:spiffe://example.org/edge/*", "*"]) {
    assert.ok(isNamed(identity, ["dns:other", pattern]), pattern);
  }
  for (
    const pattern of ["edge-7", "dns:edge-7", "cn:edge", "cn:*-7", "cn:Edge-7", "uri:spiffe://example.org/edge/70"]
  ) {
    assert.ok(!isNamed(identity, [pattern]), pattern);
  }
  assert.ok(!isNamed(identity, []));
  assert.ok(!isNamed([], ["*"]));
});
