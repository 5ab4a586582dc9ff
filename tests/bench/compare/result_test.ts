import assert from "node:assert/strict";
import { compareRows, formatMs, summarize } from "./result.ts";

const registered = { acknowledgedMs: 2, answeredMs: 10, tries: 1, withoutCluster: 0 };

Deno.test("summarize() counts sessions, not calls", () => {
  const failing = { ...registered, answeredMs: 30, tries: 20, withoutCluster: 7 };
  const missing = { ...registered, answeredMs: 20, tries: 5 };
  const summary = summarize([registered, failing, missing], { cpuMs: 60, intervals: 12 });
  assert.equal(summary.firstCallFailed, 2);
  assert.equal(summary.routeBeforeCluster, 1);
  assert.deepEqual(summary.answeredMs, { p50: 20, p99: 30, max: 30 });
  assert.equal(summary.cpuMs, 5);
});

Deno.test("compareRows() has a row a control plane, a figure for each number of sessions, and what a machine lacks", () => {
  const measure = (sessions: number, answeredMs: number, cpuMs: number | undefined) => {
    const summary = summarize([{ ...registered, answeredMs }], { cpuMs, intervals: 1 });
    return { name: "some", sessions, everyMs: 500, ...summary };
  };
  const lacking = (sessions: number) => ({ name: "other", sessions, missing: "Go" });
  const results = [measure(1000, 12, 3), lacking(1000), measure(10_000, 1234, undefined), lacking(10_000)];
  assert.deepEqual(compareRows(results), [
    {
      "at 1,000 / 10,000 sessions": "some",
      "acknowledged p50 ms": "2 / 2",
      "answers p50 ms": "12 / 1,200",
      "max ms": "12 / 1,200",
      "first call failed": "0 / 0 of 1",
      "route before cluster": "0 / 0 of 1",
      "CPU ms per session": "3 / ?",
    },
    { "at 1,000 / 10,000 sessions": "other", "acknowledged p50 ms": "not measured: no Go here" },
  ]);
});

Deno.test("formatMs() keeps two digits", () => {
  assert.deepEqual([0.853, 1.25, 45.4, 346, 6149].map(formatMs), ["0.85", "1.3", "45", "350", "6,100"]);
});
