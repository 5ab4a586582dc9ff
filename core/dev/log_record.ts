/** A line of Signalbox's JSON log. */
export interface LogRecord {
  /** In lower case; empty for a line that is no JSON. */
  readonly level: string;
  /** The text; for a line that is no JSON, the line. */
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What a line of the log says. Anything else that a process prints (a stack trace) is a record too, without a level. */
export function parseLogLine(line: string): LogRecord {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    parsed = undefined;
  }
  if (!isRecord(parsed) || typeof parsed.message !== "string") return { level: "", message: line, fields: {} };
  const { level, message, properties, ...rest } = parsed;
  return {
    level: typeof level === "string" ? level.toLowerCase() : "",
    message,
    fields: { ...rest, ...(isRecord(properties) ? properties : {}) },
  };
}

/** A record for people, on one line: of the stack of what was thrown only where that was. */
export function formatRecord({ level, message, fields }: LogRecord): string {
  const { logger: _logger, "@timestamp": _time, timestamp: _timestamp, cause, ...rest } = fields;
  const details = Object.entries(rest).map(([name, value]) => ` ${name}=${JSON.stringify(value)}`).join("");
  const place = placeOf(isRecord(cause) ? cause.stack : cause);
  return `${level === "" ? "" : `${level}: `}${message}${details}${place === undefined ? "" : ` at ${place}`}`;
}

/** `FILE:LINE` of the innermost frame of a stack. */
function placeOf(stack: unknown): string | undefined {
  if (typeof stack !== "string") return undefined;
  const place = /^ +at (?:.*\()?(?:file:\/\/)?([^()\n]+:\d+):\d+\)?$/m.exec(stack)?.[1];
  return place?.replace(/\?[^:]*/, "");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
