import { createWorld, DOMAIN, type WorldOptions } from "../e2e/harness.ts";
import { createProber } from "./first_answer.ts";
import { preload } from "./preload.ts";
import { processCpuMs, processMemoryMiB } from "./process_cpu.ts";
import { type Percentiles, percentiles, round } from "./samples.ts";

/** Layouts by the name that the benchmark has for them. */
export const LAYOUTS = {
  scoped: { routes: "scoped", clusters: "push" },
  "on-demand": { routes: "scoped", clusters: "on-demand" },
  rds: { routes: "rds", clusters: "push" },
  vhds: { routes: "vhds", clusters: "push" },
} as const satisfies Readonly<Record<string, Pick<WorldOptions, "routes" | "clusters">>>;

export type LayoutName = keyof typeof LAYOUTS;

export interface RouteOptions {
  readonly layout: LayoutName;
  readonly sessions: number;
  /** How many sessions are registered and measured. */
  readonly changes: number;
}

/** Times are from the POST until the first call to the new host is answered by its backend, through a real Envoy. */
export interface RouteResult {
  readonly layout: LayoutName;
  readonly sessions: number;
  readonly changes: number;
  readonly firstAnswerMs: Percentiles;
  /** Envoy's CPU time a registration, measured apart from calls; undefined where the system doesn't tell. */
  readonly envoyCpuMs: number | undefined;
  readonly envoyMiB: number | undefined;
}

export async function measureRoute({ layout, sessions, changes }: RouteOptions): Promise<RouteResult> {
  await using world = await createWorld({ ...LAYOUTS[layout], tls: false, envoys: 0, concurrency: 2 });
  const backend = await world.addBackend("bench");
  await preload(world.api, sessions, backend);
  const envoy = await world.addEnvoy();
  using prober = await createProber(world.ingress());
  // The last of those that were there: then Envoy has them all.
  await prober.firstAnswer(`load-${sessions - 1}.${DOMAIN}`);

  const samplesMs: number[] = [];
  const register = async (id: string) => {
    const startedAtMs = performance.now();
    // The caller doesn't wait for the answer to its POST: the route may be there first.
    const [{ atMs }] = await Promise.all([
      prober.firstAnswer(`${id}.${DOMAIN}`),
      world.api.register({ id, backend }),
    ]);
    return atMs - startedAtMs;
  };
  for (let index = 0; index < Math.min(5, changes); index++) await register(`warm-${index}`);
  for (let index = 0; index < changes; index++) samplesMs.push(await register(`new-${index}`));

  // Once more without calls, which cost Envoy more than the change itself does.
  const { address, port } = backend;
  const before = await processCpuMs(envoy.pid);
  for (let index = 0; index < changes; index++) {
    const { status } = await world.api.request("POST", "/xds/tasks?wait=live", { id: `quiet-${index}`, address, port });
    if (status !== 201) throw new Error(`Cannot register "quiet-${index}": ${status}`);
  }
  const after = await processCpuMs(envoy.pid);
  return {
    layout,
    sessions,
    changes,
    firstAnswerMs: percentiles(samplesMs),
    envoyCpuMs: before === undefined || after === undefined ? undefined : round((after - before) / changes),
    envoyMiB: await processMemoryMiB(envoy.pid),
  };
}
