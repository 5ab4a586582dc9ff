import { configure, getJsonLinesFormatter, getTextFormatter, type LogLevel, type Sink } from "@logtape/logtape";

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
  const toText = format === "json" ? getJsonLinesFormatter({ properties: "flatten" }) : getTextFormatter({
    timestamp: "rfc3339",
    category: () => "",
  });
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
function stderrSink(toText: (record: Parameters<Sink>[0]) => string): Sink {
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
