import { join } from "node:path";
import { startSignalbox } from "../../core/dev/signalbox_process.ts";
import { processCpuMs, processMemoryMiB } from "./process_cpu.ts";
import { type Percentiles, percentiles, round } from "./samples.ts";

export interface StartResult {
  readonly starts: number;
  /** From the start of the process to its last listening port. */
  readonly readyMs: Percentiles;
  /** The median, in milliseconds; undefined where there is no `/proc`, as the rest. */
  readonly cpuMs: number | undefined;
  /** The median. */
  readonly idleMiB: number | undefined;
  /** Of the executable; undefined where the source is run. */
  readonly sizeMb: number | undefined;
}

/** Starts an empty Signalbox with its default store again and again. */
export async function measureStart(starts: number): Promise<StartResult> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-bench-" });
  const ready: number[] = [];
  const cpu: number[] = [];
  const memory: number[] = [];
  try {
    const configPath = join(folder, "signalbox.yaml");
    const servers = "http: {port: 0}\nxds: {port: 0}\ngrpc: {port: 0}";
    await Deno.writeTextFile(configPath, `domain: example.org\n${servers}\nlog: {format: json}\n`);
    for (let start = 0; start < starts; start++) {
      await using signalbox = await startSignalbox({ configPath });
      ready.push(signalbox.startedInMs);
      cpu.push(await processCpuMs(signalbox.pid) ?? NaN);
      memory.push(await processMemoryMiB(signalbox.pid) ?? NaN);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const binary = Deno.env.get("SIGNALBOX_BIN");
  return {
    starts,
    readyMs: percentiles(ready),
    cpuMs: median(cpu),
    idleMiB: median(memory),
    sizeMb: binary === undefined ? undefined : round((await Deno.stat(binary)).size / 1e6),
  };
}

function median(values: readonly number[]): number | undefined {
  return values.some(Number.isNaN) ? undefined : percentiles(values).p50;
}
