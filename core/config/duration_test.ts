import assert from "node:assert/strict";
import { parseDuration } from "./duration.ts";

Deno.test("parseDuration() adds up units in milliseconds when the text is well formed", () => {
  const cases: readonly [string, number][] = [
    ["0s", 0],
    ["250ms", 250],
    ["5s", 5_000],
    ["10m", 600_000],
    ["1h30m", 5_400_000],
    ["1m500ms", 60_500],
    ["1d2h3m4s5ms", 93_784_005],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration() throws when the text is anything else", () => {
  const bad = [
    "",
    " ",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "-5s",
    "1.5h",
    "5S",
    "5sec",
    "30m1h",
    "1s1s",
    "1e3s",
    "٣s",
    "5s\n",
  ];
  for (const text of bad) assert.throws(() => parseDuration(text), RangeError, JSON.stringify(text));
});

Deno.test("parseDuration() throws when the sum is no exact number", () => {
  assert.throws(() => parseDuration("99999999999999999d"), /too long/);
});
