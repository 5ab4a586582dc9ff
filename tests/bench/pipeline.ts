import type { Fragment } from "../../core/cache/fragment.ts";
import { createPipeline } from "../../core/pipeline/pipeline.ts";
import type { Hooks } from "../../core/plugin/hooks.ts";
import type { Session } from "../../core/session/session.ts";
import { round } from "./samples.ts";

export interface PipelineOptions {
  readonly sessions: number;
  readonly plugins: number;
  /** `keep` gives nothing back from any hook, `replace` a changed copy from those for clusters and routes. */
  readonly hooks: "keep" | "replace";
}

/** Times are of one build in this process: session in, checked and encoded resources out. */
export interface PipelineResult extends PipelineOptions {
  readonly warmUs: { readonly p50: number; readonly p99: number; readonly mean: number };
  /** What a fragment's encoded parts come to. */
  readonly bytes: number;
}

const KEEP: Hooks = { session() {}, endpoint() {}, cluster() {}, secret() {}, route() {}, virtualHost() {} };

const REPLACE: Hooks = {
  cluster: (cluster) => ({ ...cluster, connectTimeout: { seconds: 3 } }),
  route: (route) => ({ ...route, route: { ...route.route, timeout: { seconds: 60 } } }),
};

/** The first build in this process: schemas and constraints are read, and nothing is compiled yet. */
export function measureColdBuild(): number {
  const pipeline = createPipeline({ hookSets: [] });
  const startedAtMs = performance.now();
  pipeline.build(sessionOf(0));
  return round(performance.now() - startedAtMs);
}

export function measurePipeline({ sessions, plugins, hooks }: PipelineOptions): PipelineResult {
  const hookSets = Array.from({ length: plugins }, (_, index) => ({
    plugin: `plugin-${index}`,
    hooks: hooks === "keep" ? KEEP : REPLACE,
  }));
  const pipeline = createPipeline({ hookSets });
  const build = (index: number): { readonly ms: number; readonly fragment: Fragment } => {
    const session = sessionOf(index);
    const startedAtMs = performance.now();
    const result = pipeline.build(session);
    const ms = performance.now() - startedAtMs;
    if (!result.ok) throw new Error(`Cannot build "${session.id}": ${JSON.stringify(result.failures)}`);
    return { ms, fragment: result.fragment };
  };
  const { fragment } = build(0);
  for (let index = 0; index < sessions; index++) build(index);
  const samplesUs = Array.from({ length: sessions }, (_, index) => build(index).ms * 1000).sort((a, b) => a - b);
  const at = (share: number) => round(samplesUs[Math.min(sessions - 1, Math.floor(share * sessions))] ?? 0);
  const sum = samplesUs.reduce((total, us) => total + us, 0);
  return {
    ...{ sessions, plugins, hooks },
    warmUs: { p50: at(0.5), p99: at(0.99), mean: round(sum / sessions) },
    bytes: sizeOf(fragment),
  };
}

function sessionOf(index: number): Session {
  return {
    id: `session-${index}`,
    host: `session-${index}.example.org`,
    aliases: [],
    backends: [{ address: `10.0.${index >> 8 & 255}.${index & 255}`, port: 50051, weight: 1 }],
    labels: { team: "a" },
    plugins: {},
  };
}

function sizeOf({ clusters, virtualHosts }: Fragment): number {
  const parts = [
    ...clusters.flatMap(({ body, loadAssignment }) => [body, loadAssignment]),
    ...virtualHosts.map(({ body }) => body),
  ];
  return parts.reduce((total, { length }) => total + length, 0);
}
