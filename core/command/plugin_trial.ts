import type { TrialStep } from "../author/try_plugins.ts";
import { sendSignal } from "../dev/send_signal.ts";
import { signalboxProgram } from "../dev/signalbox_program.ts";
import { formatDuration } from "../duration.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";

/** The hidden command that tries plugins in a process of its own, and says what it does line by line. */
export const TRIAL_COMMAND = "try-plugins";

const MAX_MIB = 1024;
const LOOK_EVERY_MS = 100;

/** What `try-plugins` prints, a JSON text a line. */
export type TrialLine =
  | { readonly kind: "step"; readonly step: TrialStep }
  | { readonly kind: "end"; readonly trial: PluginTrial };

export interface PluginTrial {
  /** How many were built. */
  readonly sessions: number;
  readonly issues: readonly Issue[];
  /** What could not be tried. */
  readonly notes: readonly string[];
}

/**
 * Tries the plugins of a config in another process: one that loops for ever, or takes memory without end, would take this one
 * with it. What one step may take is `stepMs`.
 */
export async function tryPluginsApart(
  args: readonly string[],
  { stepMs }: { readonly stepMs: number },
): Promise<PluginTrial> {
  const [file = "", ...words] = signalboxProgram();
  const command = new Deno.Command(file, {
    args: [...words, TRIAL_COMMAND, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const said = new Response(child.stderr).text();
  let last: TrialStep | undefined;
  let lastAtMs = performance.now();
  let stopped: string | undefined;
  const watch = setInterval(async () => {
    const late = last !== undefined && performance.now() - lastAtMs > stepMs;
    if (late) stopped ??= `did not end within ${formatDuration(stepMs)}`;
    else if (await residentMiB(child.pid) > MAX_MIB) stopped ??= `took more than ${MAX_MIB} MiB of memory`;
    if (stopped !== undefined) sendSignal(child, "SIGKILL");
  }, LOOK_EVERY_MS);

  let end: PluginTrial | undefined;
  try {
    for await (const line of lines(child.stdout)) {
      if (line.kind === "end") end = line.trial;
      else [last, lastAtMs] = [line.step, performance.now()];
    }
    await child.status;
  } finally {
    clearInterval(watch);
  }
  if (end !== undefined) return end;
  const reason = stopped ?? `ended the process: ${(await said).trim().split("\n").at(-1) ?? ""}`;
  if (last === undefined) throw new SignalboxError("internal", `Cannot try the plugins: it ${reason}`);
  return {
    sessions: 0,
    issues: [{ path: `plugin ${last.plugin}`, message: `${describe(last)} ${reason}` }],
    notes: [],
  };
}

function describe({ step, session }: TrialStep): string {
  if (step === "load") return "loading it";
  return `${step === "setup" ? "its setup" : `its hook "${step}"`}${
    session === undefined ? "" : ` on session "${session}"`
  }`;
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncIterable<TrialLine> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      const parsed = parse(line);
      if (parsed !== undefined) yield parsed;
    }
  }
}

const MARK = "signalbox-trial:";

export function formatTrialLine(line: TrialLine): string {
  // What a plugin printed may have no end of its line.
  return `\n${MARK}${JSON.stringify(line)}\n`;
}

function parse(line: string): TrialLine | undefined {
  return line.startsWith(MARK) ? JSON.parse(line.slice(MARK.length)) : undefined;
}

/** 0 where the system does not say, or the process is gone. */
async function residentMiB(pid: number): Promise<number> {
  try {
    const [, pages = "0"] = (await Deno.readTextFile(`/proc/${pid}/statm`)).split(" ");
    return Number(pages) * 4096 / 2 ** 20;
  } catch {
    return 0;
  }
}
