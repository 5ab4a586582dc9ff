import { Command, InvalidArgumentError } from "commander";
import process from "node:process";
import { cpus, totalmem } from "node:os";
import { findEnvoy } from "../../core/dev/envoy_binary.ts";
import { CONTENDERS } from "./compare/contenders.ts";
import { compareRows } from "./compare/result.ts";
import { measureContender } from "./compare.ts";
import { measureGates, measurePods } from "./kubernetes.ts";
import { measureColdBuild, measurePipeline } from "./pipeline.ts";
import { measurePlugins } from "./plugins.ts";
import { measurePush } from "./push.ts";
import { type LayoutName, LAYOUTS, measureRoute } from "./route.ts";
import { formatMarkdown, formatTable } from "./samples.ts";
import { measureStart } from "./start.ts";

type Row = Readonly<Record<string, string | number>>;

const program = new Command("deno task bench").description("Measures what a change costs, in a table and as JSON.");

program.command("push")
  .description("POST until every stream has received it, and the server's CPU a change.")
  .option("--sessions <counts>", "how many sessions there are, as in 1000,10000", counts, [1000, 10_000, 50_000])
  .option("--streams <counts>", "how many delta ADS streams are open", counts, [1, 100])
  .option("--changes <count>", "changes of each kind that are measured", count, 200)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async (options: { sessions: number[]; streams: number[]; changes: number; json?: string }) => {
    const { changes } = options;
    const results = [];
    for (const streams of options.streams) {
      for (const sessions of options.sessions) {
        note(`push: ${sessions} sessions, ${streams} streams`);
        results.push(await measurePush({ sessions, streams, changes }));
      }
    }
    const rows = results.map((result): Row => ({
      sessions: result.sessions,
      streams: result.streams,
      "move p50 ms": result.moveMs.p50,
      "p99 ms": result.moveMs.p99,
      "new p50 ms": result.newMs.p50,
      "p99 ms ": result.newMs.p99,
      "CPU ms/move": result.cpuPerMoveMs ?? "",
      "CPU ms/new": result.cpuPerNewMs ?? "",
      "server MiB": result.serverMiB ?? "",
    }));
    await report({ benchmark: "push", rows, results, ...(options.json === undefined ? {} : { file: options.json }) });
  });

program.command("slow")
  .description("POST until every stream but one has received it, while that one reads nothing at all.")
  .option("--sessions <count>", "how many sessions there are", count, 1000)
  .option("--streams <count>", "how many delta ADS streams are open, the one that reads nothing included", count, 50)
  .option("--changes <count>", "changes of each kind that are measured", count, 200)
  .option("--bulk <count>", "changes that then come in bulk", count, 60_000)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async (options: { sessions: number; streams: number; changes: number; bulk: number; json?: string }) => {
    const { sessions, streams, changes, bulk } = options;
    const results = [];
    for (const stopped of [0, 1]) {
      note(`slow: ${streams} streams, ${stopped} of them stopped`);
      results.push(await measurePush({ sessions, streams: streams - stopped, stopped, changes, bulk }));
    }
    const rows = results.map((result): Row => ({
      streams: result.streams + result.stopped,
      stopped: result.stopped,
      "move p50 ms": result.moveMs.p50,
      "p99 ms": result.moveMs.p99,
      "new p50 ms": result.newMs.p50,
      "p99 ms ": result.newMs.p99,
      "server MiB": result.serverMiB ?? "",
      "after bulk": result.serverMiBAfterBulk ?? "",
      "streams left": result.open ?? "",
    }));
    await report({ benchmark: "slow", rows, results, ...(options.json === undefined ? {} : { file: options.json }) });
  });

program.command("e2e")
  .description("Registration until the first answer through a real Envoy, the layouts side by side.")
  .option("--sessions <counts>", "how many sessions there are, as in 1000,20000", counts, [1000, 20_000])
  .option("--layouts <names>", "which layouts", layouts, Object.keys(LAYOUTS))
  .option("--changes <count>", "registrations that are measured", count, 50)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async (options: { sessions: number[]; layouts: LayoutName[]; changes: number; json?: string }) => {
    const { changes } = options;
    const results = [];
    for (const sessions of options.sessions) {
      for (const layout of options.layouts) {
        note(`e2e: ${layout}, ${sessions} sessions`);
        results.push(await measureRoute({ layout, sessions, changes }));
      }
    }
    const rows = results.map((result): Row => ({
      layout: result.layout,
      sessions: result.sessions,
      "p50 ms": result.firstAnswerMs.p50,
      "p99 ms": result.firstAnswerMs.p99,
      "Envoy CPU ms": result.envoyCpuMs ?? "",
      "Envoy MiB": result.envoyMiB ?? "",
    }));
    await report({ benchmark: "e2e", rows, results, ...(options.json === undefined ? {} : { file: options.json }) });
  });

program.command("kubernetes")
  .description("A pod's status says Ready until the first answer through a real Envoy, with a real API server.")
  .option("--pods <count>", "pods that are measured", count, 200)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async ({ pods, json }: { pods: number; json?: string }) => {
    note(`kubernetes: ${pods} pods`);
    const result = await measurePods({ pods });
    const rows: Row[] = [{
      pods: result.pods,
      "p50 ms": result.firstAnswerMs.p50,
      "p99 ms": result.firstAnswerMs.p99,
      "max ms": result.firstAnswerMs.max,
    }];
    await report({ benchmark: "kubernetes", rows, results: [result], ...(json === undefined ? {} : { file: json }) });
  });

program.command("gates")
  .description("A pod waits for nothing but its gate until that is open, with two replicas and a real API server.")
  .option("--pods <count>", "pods that are measured", count, 200)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async ({ pods, json }: { pods: number; json?: string }) => {
    note(`gates: ${pods} pods`);
    const result = await measureGates({ pods });
    const { p50, p99, max } = result.openMs;
    const rows: Row[] = [{ pods: result.pods, "p50 ms": p50, "p99 ms": p99, "max ms": max }];
    await report({ benchmark: "gates", rows, results: [result], ...(json === undefined ? {} : { file: json }) });
  });

program.command("start")
  .description(
    "How long Signalbox takes until it is ready, and what it holds idle: of the source, or of SIGNALBOX_BIN.",
  )
  .option("--starts <count>", "how often it is started", count, 20)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async ({ starts, json }: { starts: number; json?: string }) => {
    const result = await measureStart(starts);
    const row = {
      "ready p50 ms": result.readyMs.p50,
      "p99 ms": result.readyMs.p99,
      "CPU ms": result.cpuMs ?? "",
      "idle MiB": result.idleMiB ?? "",
      "size MB": result.sizeMb ?? "",
    };
    await report({ benchmark: "start", rows: [row], results: [result], ...(json === undefined ? {} : { file: json }) });
  });

program.command("compare")
  .description("Signalbox, go-control-plane and a server that Envoy polls, side by side; the table is README's.")
  .option("--sessions <counts>", "how many sessions there are, as in 1000,10000", counts, [1000, 10_000])
  .option("--changes <count>", "registrations that are measured", count, 40)
  .option("--every-ms <ms>", "how often a session is registered", count, 500)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async (options: { sessions: number[]; changes: number; everyMs: number; json?: string }) => {
    const { changes, everyMs } = options;
    const results = [];
    for (const sessions of options.sessions) {
      for (const name of Object.keys(CONTENDERS)) {
        note(`compare: ${name}, ${sessions} sessions`);
        results.push(await measureContender({ name, sessions, changes, everyMs }));
      }
    }
    const file = options.json === undefined ? {} : { file: options.json };
    await report({ benchmark: "compare", rows: compareRows(results), results, format: formatMarkdown, ...file });
  });

program.command("pipeline")
  .description("What one session costs from its registration to checked and encoded resources, in this process.")
  .option("--sessions <count>", "sessions that are measured, after as many to warm up", count, 10_000)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async ({ sessions, json }: { sessions: number; json?: string }) => {
    const coldMs = measureColdBuild();
    const results = ([[0, "keep"], [3, "keep"], [3, "replace"]] as const).map(([plugins, hooks]) => {
      note(`pipeline: ${plugins} plugins, hooks that ${hooks}`);
      return measurePipeline({ sessions, plugins, hooks });
    });
    const rows = results.map((result, index): Row => ({
      plugins: result.plugins,
      hooks: result.plugins === 0 ? "" : result.hooks,
      "first build ms": index === 0 ? coldMs : "",
      "p50 us": result.warmUs.p50,
      "p99 us": result.warmUs.p99,
      "mean us": result.warmUs.mean,
      bytes: result.bytes,
    }));
    const all = [{ coldMs }, ...results];
    await report({ benchmark: "pipeline", rows, results: all, ...(json === undefined ? {} : { file: json }) });
  });

program.command("plugins")
  .description("What sessions cost that go through five plugins, in this process, and each plugin's share of it.")
  .option("--sessions <count>", "sessions that are measured, after as many to warm up", count, 10_000)
  .option("--json <file>", "where the JSON goes; else it is printed after the table")
  .action(async ({ sessions, json }: { sessions: number; json?: string }) => {
    note(`plugins: ${sessions} sessions`);
    const result = await measurePlugins({ sessions });
    const rows = [
      ...result.shares.map(({ plugin, usPerSession, percent }): Row => ({
        plugin,
        "us/session": usPerSession,
        "%": percent,
      })),
      { plugin: "all", "us/session": result.usPerSession, "%": 100 },
      { plugin: "no plugins", "us/session": result.usWithoutPlugins, "%": "" },
    ];
    await report({ benchmark: "plugins", rows, results: [result], ...(json === undefined ? {} : { file: json }) });
  });

await program.parseAsync(Deno.args, { from: "user" });

/** The table for a person; the JSON, with where it was measured, for a machine. */
async function report(
  { benchmark, rows, results, file, format = formatTable }: {
    readonly benchmark: string;
    readonly rows: readonly Row[];
    readonly results: readonly unknown[];
    readonly file?: string;
    readonly format?: (rows: readonly Row[]) => string;
  },
): Promise<void> {
  const envoy = await findEnvoy({ download: false });
  const machine = {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: Deno.build.target,
    deno: Deno.version.deno,
    envoy: envoy.kind === "found" ? envoy.version : undefined,
  };
  const json = JSON.stringify({ benchmark, measuredAt: new Date().toISOString(), machine, results }, null, 2);
  process.stdout.write(`${format(rows)}\n`);
  if (file === undefined) process.stdout.write(`\n${json}\n`);
  else await Deno.writeTextFile(file, `${json}\n`);
}

/** What is under way, on stderr, so that stdout is the result. */
function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}

function counts(text: string): number[] {
  return text.split(",").map(count);
}

function layouts(text: string): LayoutName[] {
  const names = Object.keys(LAYOUTS) as LayoutName[];
  return text.split(",").map((name) => {
    const found = names.find((layout) => layout === name);
    if (found === undefined) throw new InvalidArgumentError(`It must be of ${names.join(", ")}.`);
    return found;
  });
}
