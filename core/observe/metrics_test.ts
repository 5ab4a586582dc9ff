import assert from "node:assert/strict";
import { Metrics } from "./metrics.ts";

/** The samples that are printed, by name and labels, without the buckets of histograms. */
async function samples(metrics: Metrics): Promise<Readonly<Record<string, number>>> {
  const { text } = await metrics.text();
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#") && !line.includes("_bucket"));
  return Object.fromEntries(lines.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

Deno.test("Metrics counts streams, pushes, answers and what was rejected", async () => {
  const metrics = new Metrics();
  metrics.opened("delta");
  metrics.opened("delta");
  metrics.closed("delta");
  metrics.sent("cluster", 3);
  metrics.sent("cluster", 1);
  metrics.acked("cluster");
  metrics.nacked("scope");
  metrics.rejected("scope");
  metrics.unknownType();
  metrics.forgotten("virtual_host");
  metrics.refused();
  metrics.omitted();
  metrics.committed(0.25);
  metrics.commitFailed();
  assert.deepEqual(await samples(metrics), {
    'signalbox_streams{protocol="delta"}': 1,
    'signalbox_streams{protocol="sotw"}': 0,
    'signalbox_streams{protocol="rest"}': 0,
    'signalbox_pushes_total{type="cluster"}': 2,
    'signalbox_pushed_resources_total{type="cluster"}': 4,
    'signalbox_acks_total{type="cluster"}': 1,
    'signalbox_nacks_total{type="scope"}': 1,
    'signalbox_rejected_resources_total{type="scope"}': 1,
    signalbox_unknown_type_requests_total: 1,
    'signalbox_forgotten_names_total{type="virtual_host"}': 1,
    signalbox_omitted_sessions_total: 1,
    signalbox_refused_nodes_total: 1,
    signalbox_store_commit_seconds_sum: 0.25,
    signalbox_store_commit_seconds_count: 1,
    signalbox_store_commit_failures_total: 1,
  });
});

Deno.test("Metrics.acked() measures how long a change took, and nothing where a response brought none", async () => {
  const metrics = new Metrics();
  metrics.acked("cluster", 0.5);
  metrics.acked("cluster");
  metrics.acked("cluster", 0.25);
  const found = await samples(metrics);
  assert.equal(found['signalbox_acks_total{type="cluster"}'], 3);
  assert.equal(found['signalbox_push_seconds_sum{type="cluster"}'], 0.75);
  assert.equal(found['signalbox_push_seconds_count{type="cluster"}'], 2);
});

Deno.test("Metrics reads the state and the process when the numbers are asked for", async () => {
  const metrics = new Metrics();
  let sessions = 0;
  let cpuSeconds = 1.5;
  metrics.observeState(() => ({ sessions, failing: 2, generation: 9 }));
  metrics.observeProcess(() => ({ cpuSeconds, rssBytes: 1_024, startSeconds: 100 }));
  await samples(metrics);
  sessions = 4;
  cpuSeconds = 2.5;
  const found = await samples(metrics);
  assert.deepEqual([found.signalbox_sessions, found.signalbox_failing_sessions, found.signalbox_generation], [4, 2, 9]);
  assert.equal(found.process_cpu_seconds_total, 2.5);
  assert.equal(found.process_resident_memory_bytes, 1_024);
  assert.equal(found.process_start_time_seconds, 100);
});
