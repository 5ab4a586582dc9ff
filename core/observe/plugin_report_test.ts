import assert from "node:assert/strict";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { Metrics } from "./metrics.ts";
import { createPluginReport } from "./plugin_report.ts";

/** What `body` logs. */
async function logOf(body: () => void): Promise<readonly LogRecord[]> {
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { memory: (record) => void records.push(record) },
    loggers: [
      { category: ["signalbox"], lowestLevel: "debug", sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  try {
    body();
  } finally {
    await reset();
  }
  return records;
}

const FAILURE = { plugin: "auth", hook: "route", path: "", message: "no database" };

Deno.test("PluginReport counts every failure, what sessions say as input, and failures of no plugin not at all", async () => {
  const metrics = new Metrics();
  const report = createPluginReport(metrics, () => 0);
  await logOf(() => {
    report.failed([FAILURE, { ...FAILURE, hook: "cluster" }], "s1");
    report.failed([FAILURE], "s2");
    report.failed([{ plugin: "auth", path: "plugins.auth", message: "is required" }], "s3");
    report.failed([{ path: "clusters[0]", message: "a defect" }], "s4");
  });
  const { text } = await metrics.text();
  const lines = text.split("\n").filter((line) => line.startsWith("signalbox_plugin_failures_total"));
  assert.deepEqual(lines.toSorted(), [
    'signalbox_plugin_failures_total{plugin="auth",hook="cluster"} 1',
    'signalbox_plugin_failures_total{plugin="auth",hook="input"} 1',
    'signalbox_plugin_failures_total{plugin="auth",hook="route"} 2',
  ]);
});

Deno.test("PluginReport logs a failure with plugin, hook, session and cause, once a minute however often it comes", async () => {
  let nowMs = 0;
  const report = createPluginReport(new Metrics(), () => nowMs);
  const cause = new Error("no database");
  const records = await logOf(() => {
    for (let i = 0; i < 100; i++) report.failed([{ ...FAILURE, cause }], `s${i}`);
    report.failed([{ ...FAILURE, message: "another" }], "s1");
    nowMs = 60_000;
    report.failed([FAILURE], "s200");
    // What a session says wrongly is told to its caller.
    report.failed([{ plugin: "auth", path: "plugins.auth", message: "is required" }], "s3");
  });
  assert.deepEqual(records.map(({ level }) => level), ["error", "error", "error"]);
  assert.deepEqual(records.map(({ properties }) => properties), [
    { plugin: "auth", hook: "route", reason: "no database", session: "s0", cause },
    { plugin: "auth", hook: "route", reason: "another", session: "s1" },
    { plugin: "auth", hook: "route", reason: "no database", session: "s200", timesSinceLastLogged: 99 },
  ]);
});

Deno.test("PluginReport sums the time of hooks, and names one that takes too long, once", async () => {
  const metrics = new Metrics();
  const { clock } = createPluginReport(metrics, () => 0);
  const [route, cluster] = [clock.timer("auth", "route"), clock.timer("auth", "cluster")];
  const records = await logOf(() => {
    for (const ms of [1, 10, 11, 500]) route(ms);
    cluster(2);
  });
  assert.deepEqual(records.map(({ level, properties }) => [level, properties]), [
    ["warning", { plugin: "auth", hook: "route", ms: 11, budgetMs: 10 }],
  ]);
  const { text } = await metrics.text();
  for (
    const line of [
      'signalbox_plugin_hook_seconds_total{plugin="auth",hook="route"} 0.522',
      'signalbox_plugin_hook_runs_total{plugin="auth",hook="route"} 4',
      'signalbox_plugin_hook_seconds_total{plugin="auth",hook="cluster"} 0.002',
      'signalbox_plugin_hook_runs_total{plugin="auth",hook="cluster"} 1',
    ]
  ) assert(text.includes(line), line);
});
