import { configure, getJsonLinesFormatter, type LogLevel, type LogRecord, type Sink } from "@logtape/logtape";
import { SignalboxError } from "../signalbox_error.ts";

export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "json" | "text";
}

const LEVELS: Readonly<Record<LogOptions["level"], LogLevel>> = {
  debug: "debug",
  info: "info",
  warn: "warning",
  error: "error",
};

/** Sends the log of this process to standard error, a line an event. Called again, it replaces what was configured. */
export async function configureLog({ level, format }: LogOptions): Promise<void> {
  const toText = format === "json" ? formatJson : formatText;
  await configure({
    reset: true,
    sinks: { stderr: stderrSink(toText) },
    loggers: [
      { category: ["signalbox"], lowestLevel: LEVELS[level], sinks: ["stderr"] },
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
    ],
  });
}

/** Synchronous, so that what is logged last before the end is there. */
function stderrSink(toText: (record: LogRecord) => string): Sink {
  const encoder = new TextEncoder();
  return (record) => {
    let rest = encoder.encode(toText(record));
    try {
      while (rest.length > 0) rest = rest.subarray(Deno.stderr.writeSync(rest));
    } catch {
      // Nobody reads the log any more; Signalbox goes on.
    }
  };
}

const LABELS: Readonly<Record<LogLevel, string>> = {
  trace: "TRACE",
  debug: "DEBUG",
  info: "INFO ",
  warning: "WARN ",
  error: "ERROR",
  fatal: "FATAL",
};

const toJsonLine = getJsonLinesFormatter({ properties: "flatten" });

/** What every line of JSON has, in whose place no field may stand. */
const OWN_MEMBERS: ReadonlySet<string> = new Set(["@timestamp", "level", "message", "logger"]);

/** A record for programs, as one object on a line; a field with the name of one of the line's own is `<name>_field`. */
export function formatJson(record: LogRecord): string {
  const fields = Object.entries(record.properties)
    .map(([key, value]) => [OWN_MEMBERS.has(key) ? `${key}_field` : key, value] as const);
  return toJsonLine({ ...record, properties: Object.fromEntries(fields) });
}

/** A record for people: `<time> <level> <text> <key>=<value> …`, and below it the stack of an error that is a defect. */
export function formatText({ timestamp, level, message, rawMessage, properties }: LogRecord): string {
  const text = message.map((part) => typeof part === "string" ? part : formatValue(part)).join("");
  const said = new Set(typeof rawMessage === "string" ? rawMessage.match(/(?<=\{)[^{}]+(?=\})/g) : []);
  const fields = Object.entries(properties)
    .filter(([key, value]) => value !== undefined && !said.has(key))
    .map(([key, value]) => ` ${key}=${formatValue(value)}`);
  const stacks = Object.values(properties).map((value) =>
    value instanceof Error && !(value instanceof SignalboxError) ? `${value.stack ?? value}\n` : ""
  );
  const time = new Date(timestamp).toISOString();
  return `${time} ${LABELS[level]} ${escapeControls(text)}${fields.join("")}\n${stacks.join("")}`;
}

/** As it is where that is one word, else as JSON. */
function formatValue(value: unknown): string {
  const plain = value instanceof Error ? value.message : value;
  if (typeof plain === "string" && /^[^\s"=\p{Cc}]+$/u.test(plain)) return plain;
  return escapeControls(JSON.stringify(plain) ?? String(plain));
}

/** What others have sent must not end a line or colour a terminal. */
function escapeControls(text: string): string {
  return text.replaceAll(
    /\p{Cc}/gu,
    (control) => control === "\n" ? "\\n" : `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
