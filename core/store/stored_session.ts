import { z } from "zod";
import type { Session, SessionRecord } from "../session/session.ts";

/** A row of the table `session`. */
export interface SessionRow {
  readonly id: string;
  readonly generation: number;
  readonly expires_at_ms: number | null;
  /** The `Session` as JSON. */
  readonly session: string;
}

/**
 * The shape alone: values were checked when they were registered, and a rule that became stricter since must not make
 * a store unreadable.
 */
const storedSession = z.strictObject({
  id: z.string(),
  host: z.string(),
  aliases: z.array(z.string()),
  backends: z.array(z.strictObject({ address: z.string(), port: z.int(), weight: z.int() })),
  service: z.strictObject({ namespace: z.string(), name: z.string(), port: z.int() }).exactOptional(),
  groups: z.array(z.string()).exactOptional(),
  labels: z.record(z.string(), z.string()),
  plugins: z.record(z.string(), z.unknown()),
  ttlMs: z.int().exactOptional(),
}).refine(({ backends, service }) => (backends.length === 0) === (service !== undefined), {
  path: ["backends"],
  message: "are those of a session without a service",
}) satisfies z.ZodType<Session>;

const storedRow = z.object({
  id: z.string(),
  generation: z.int(),
  expires_at_ms: z.int().nullable(),
  session: z.string(),
});

export function encodeRow(record: SessionRecord): SessionRow {
  return {
    id: record.session.id,
    generation: record.generation,
    expires_at_ms: record.expiresAtMs ?? null,
    session: JSON.stringify(toStored(record.session)),
  };
}

/** Where a Service's endpoints were is worth nothing later. */
function toStored(session: Session): Session {
  return session.service === undefined ? session : { ...session, backends: [] };
}

/** Throws `RangeError` where `row` is not one that `encodeRow()` made. */
export function decodeRow(row: unknown): SessionRecord {
  const { id, generation, expires_at_ms, session: json } = parse(storedRow, row, "a row");
  const session: Session = parse(storedSession, parseJson(json, id), `session "${id}"`);
  if (session.id !== id) throw new RangeError(`Cannot read session "${id}": it calls itself "${session.id}"`);
  if ((session.ttlMs === undefined) !== (expires_at_ms === null)) {
    throw new RangeError(`Cannot read session "${id}": its ttl and its expiry do not agree`);
  }
  return expires_at_ms === null ? { session, generation } : { session, generation, expiresAtMs: expires_at_ms };
}

function parseJson(json: string, id: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new RangeError(`Cannot read session "${id}": it is not JSON`, { cause });
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, subject: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const state = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
  throw new RangeError(`Cannot read ${subject}: ${state}`);
}
