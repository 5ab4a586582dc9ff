import assert from "node:assert/strict";
import { compileRules } from "./value_rules.ts";

Deno.test("compileRules() says what is wrong with a value", () => {
  const cases: readonly (readonly [string, Record<string, unknown>, unknown, string | undefined])[] = [
    ["string", { len: 2 }, "abc", "must have 2 characters"],
    ["string", { minLen: 2 }, "😀", "must have at least 2 characters"],
    ["string", { maxLen: 1 }, "😀", undefined],
    ["string", { minBytes: 4, maxBytes: 4 }, "😀", undefined],
    ["string", { prefix: "%", suffix: "%" }, "%a", 'must end with "%"'],
    ["string", { contains: "b" }, "abc", undefined],
    ["string", { in: ["a", "b"] }, "c", 'must be one of "a", "b"'],
    ["string", { notIn: ["a"] }, "a", 'must not be one of "a"'],
    ["string", { const: "a" }, "b", 'must be "a"'],
    ["string", { wellKnownRegex: "HTTP_HEADER_NAME", strict: true }, "x y", "must be the name of an HTTP header"],
    ["string", { wellKnownRegex: "HTTP_HEADER_NAME" }, ":authority", undefined],
    ["string", { wellKnownRegex: "HTTP_HEADER_NAME", strict: false }, "x y", undefined],
    ["string", { wellKnownRegex: "HTTP_HEADER_VALUE" }, "x\ty", undefined],
    ["string", { wellKnownRegex: "HTTP_HEADER_VALUE" }, "x\u0001", "must be the value of an HTTP header"],
    ["bytes", { minLen: 1 }, new Uint8Array(), "must not be empty"],
    ["bytes", { maxLen: 1 }, new Uint8Array(2), "must have at most 1 byte"],
    ["double", { gt: 0 }, NaN, "must be more than 0"],
    ["uint64", { lte: 5 }, "6", "must be at most 5"],
    ["int32", { gt: 1, lt: 3 }, 2, undefined],
    ["int32", { gt: 3, lte: 1 }, 1, undefined],
    ["int32", { gt: 3, lte: 1 }, 4, undefined],
    ["int32", { gt: 3, lte: 1 }, 3, "must be at most 1 or more than 3"],
    ["duration", { gte: 0.5 }, { nanos: 499_999_999 }, "must be at least 0.5s"],
    ["any", { in: ["type.googleapis.com/a"] }, { "@type": "b" }, 'must be one of "type.googleapis.com/a"'],
    ["repeated", { minItems: 2 }, [1], "must have at least 2 items"],
    ["repeated", { maxItems: 1 }, [1, 2], "must have at most 1 item"],
    ["repeated", { unique: true }, [1, 2, 1], "must not repeat an item"],
    ["map", { minPairs: 1 }, {}, "must not be empty"],
    ["map", { maxPairs: 1 }, { a: 1, b: 2 }, "must have at most 1 entry"],
  ];
  for (const [kind, rules, value, expected] of cases) {
    assert.equal(compileRules(kind, rules)(value), expected, `${kind} ${JSON.stringify(rules)}`);
  }
});

Deno.test("compileRules() refuses rules that it does not know", () => {
  assert.throws(() => compileRules("string", { email: true }), /string\.email/);
  assert.throws(() => compileRules("string", { wellKnownRegex: "UNKNOWN" }), TypeError);
  assert.throws(() => compileRules("fixed32", { lt: 1 }), TypeError);
});
