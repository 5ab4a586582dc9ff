import { stripVTControlCharacters } from "node:util";
import { sendSignal } from "../dev/send_signal.ts";
import { signalboxProgram } from "../dev/signalbox_program.ts";
import { formatDuration } from "../duration.ts";
import { type ErrorCode, type Issue, SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

const MAX_MIB = 1024;
const LOOK_EVERY_MS = 100;

/** Begins what is ours among what plugins print, as in JSON text sequences (RFC 7464); a line feed ends it. */
const RECORD = "\x1e";
const PARTS = new RegExp(`(?=${RECORD})|(?<=\n)`);

type Message<Line> = { readonly line: Line } | { readonly error: Failure };

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly issues: readonly Issue[];
}

export interface ApartOptions<Line> {
  /** What may pass, in milliseconds, between a line and the next. The time before the first is not limited. */
  readonly stepMs: number;
  readonly onLine: (line: Line) => void;
  /** Told what the plugins print. */
  readonly onPrinted?: (text: string, to: "out" | "err") => void;
}

/**
 * Runs a hidden command of this very program in another process: a plugin that loops for ever, or takes memory without end,
 * would take this one with it. Why it came to no good end, as in `did not end within 5s`, or undefined. Throws what the
 * command threw with `workApart()`.
 */
export async function runApart<Line>(
  args: readonly string[],
  { stepMs, onLine, onPrinted = () => {} }: ApartOptions<Line>,
): Promise<string | undefined> {
  const [file = "", ...words] = signalboxProgram();
  const command = new Deno.Command(file, {
    args: [...words, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  let lastAtMs: number | undefined;
  let stopped: string | undefined;
  const watch = setInterval(async () => {
    const late = lastAtMs !== undefined && performance.now() - lastAtMs > stepMs;
    if (late) stopped ??= `did not end within ${formatDuration(stepMs)}`;
    else if (await residentMiB(child.pid) > MAX_MIB) stopped ??= `took more than ${MAX_MIB} MiB of memory`;
    if (stopped !== undefined) sendSignal(child, "SIGKILL");
  }, LOOK_EVERY_MS);

  let failure: Failure | undefined;
  try {
    const complaint = readErrors(child.stderr, (text) => onPrinted(text, "err"));
    for await (const part of read<Line>(child.stdout)) {
      if (typeof part === "string") {
        onPrinted(part, "out");
        continue;
      }
      lastAtMs = performance.now();
      if ("error" in part) failure = part.error;
      else onLine(part.line);
    }
    const { success, code, signal } = await child.status;
    const error = await complaint;
    if (failure !== undefined) throw new SignalboxError(failure.code, failure.message, { issues: failure.issues });
    if (success || stopped !== undefined) return stopped;
    return `ended the process: ${error ?? (signal === null ? `code ${code}` : signal)}`;
  } finally {
    clearInterval(watch);
  }
}

/** What such a command does: its work, which says lines. A promise that nothing resolves has it wait, not end. */
export async function workApart<Line>(
  io: CommandIo,
  work: (say: (line: Line) => void) => Promise<void>,
): Promise<void> {
  const send = (message: Message<Line>) => io.out(`${RECORD}${JSON.stringify(message)}\n`);
  const alive = setInterval(() => {}, 60_000);
  try {
    await work((line) => send({ line }));
  } catch (thrown) {
    if (!(thrown instanceof SignalboxError)) throw thrown;
    const { code, message, issues } = thrown;
    send({ error: { code, message, issues } });
  } finally {
    clearInterval(alive);
  }
}

/** Ours as messages, everything else as text. */
async function* read<Line>(stream: ReadableStream<Uint8Array>): AsyncIterable<Message<Line> | string> {
  const decoder = new TextDecoder();
  let record: string | undefined;
  for await (const chunk of stream) {
    for (const part of decoder.decode(chunk, { stream: true }).split(PARTS)) {
      if (part.startsWith(RECORD)) record = "";
      if (record === undefined) {
        yield part;
        continue;
      }
      record += part;
      if (!record.endsWith("\n")) continue;
      yield JSON.parse(record.slice(RECORD.length));
      record = undefined;
    }
  }
}

/** Passes on what is said there; the last line that names an error, without that word. */
async function readErrors(
  stream: ReadableStream<Uint8Array>,
  onText: (text: string) => void,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let tail = "";
  for await (const chunk of stream) {
    const text = decoder.decode(chunk, { stream: true });
    onText(text);
    tail = (tail + text).slice(-10_000);
  }
  // Deno writes in colour, whoever reads it.
  return [...stripVTControlCharacters(tail).matchAll(/^error: (.*)$/gm)].at(-1)?.[1];
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
