import assert from "node:assert/strict";
import { JsonLines } from "./json_lines.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("JsonLines gives each value once its line is complete, however the bytes are cut", () => {
  const text = '{"a":"größe"}\n{"b":[1,2]}\n\n"last"\n';
  const whole = bytes(text);
  for (let size = 1; size <= whole.length; size++) {
    const lines = new JsonLines();
    const values: unknown[] = [];
    for (let at = 0; at < whole.length; at += size) values.push(...lines.push(whole.subarray(at, at + size)));
    assert.deepEqual(values, [{ a: "größe" }, { b: [1, 2] }, "last"], `in chunks of ${size}`);
  }
});

Deno.test("JsonLines keeps what has no end yet, and throws at what is no JSON without quoting it", () => {
  const lines = new JsonLines();
  assert.deepEqual(lines.push(bytes('{"a":')), []);
  assert.deepEqual(lines.push(bytes('1}\n{"b"')), [{ a: 1 }]);
  assert.throws(() => lines.push(bytes("\n")), { name: "SyntaxError", message: "a line is no JSON" });
});
