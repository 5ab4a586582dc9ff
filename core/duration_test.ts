import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, parseDuration } from "./duration.ts";

Deno.test("parseDuration() adds up units in milliseconds when the text is well formed", () => {
  const cases: readonly [string, number][] = [
    ["0s", 0],
    ["250ms", 250],
    ["30s", 30_000],
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["1m500ms", 60_500],
    ["1d2h3m4s5ms", 93_784_005],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

Deno.test("parseDuration() is undefined when the text is anything else", () => {
  const bad = [
    "",
    " ",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "-5s",
    "+5s",
    "1.5h",
    "5S",
    "5sec",
    "30m1h",
    "1s1s",
    "٣s",
    "5s\n",
  ];
  for (const text of bad) assert.equal(parseDuration(text), undefined, JSON.stringify(text));
  assert.equal(parseDuration("99999999999999999d"), undefined);
});

Deno.test("formatDuration() gives what parseDuration() reads as the same time", () => {
  assert.equal(formatDuration(0), "0s");
  assert.equal(formatDuration(5_400_000), "1h30m");
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
});

Deno.test("formatDuration() throws when the time is no whole number from 0", () => {
  for (const ms of [-1, 1.5, NaN, Infinity]) assert.throws(() => formatDuration(ms), RangeError);
});
