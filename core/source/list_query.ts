import { z } from "zod";
import type { ListOptions } from "../session/session_table.ts";
import { listIssues, PLAIN_MESSAGES } from "../session/zod_issues.ts";
import { SignalboxError } from "../signalbox_error.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const LIMIT_RULE = `must be a whole number from 1 to ${MAX_LIMIT}`;

/** The query of a list of sessions, as URLs have it: every value a text. */
export const listQuerySchema = z.strictObject({
  limit: z.string().regex(/^\d{1,4}$/, LIMIT_RULE).transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, LIMIT_RULE).exactOptional()
    .meta({ override: { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT } })
    .describe("How many at most."),
  after: z.string().exactOptional().describe("Only ids after this one: the `next` of the page before."),
  label: z.array(z.string().regex(/^[^=]+=/, "must be KEY=VALUE")).exactOptional()
    .describe("Only sessions with this label, as key=value; several must all hold."),
});

/** Throws `invalid_request`. */
export function parseListQuery(query: URLSearchParams): ListOptions {
  const raw: Record<string, string | string[]> = {};
  for (const key of new Set(query.keys())) raw[key] = key === "label" ? query.getAll(key) : query.get(key) ?? "";
  const parsed = listQuerySchema.safeParse(raw, PLAIN_MESSAGES);
  if (!parsed.success) {
    throw new SignalboxError("invalid_request", "Cannot list sessions: the query is not acceptable", {
      issues: listIssues(parsed.error),
    });
  }
  const { limit = DEFAULT_LIMIT, after, label = [] } = parsed.data;
  const labels = Object.fromEntries(label.map((text) => {
    const at = text.indexOf("=");
    return [text.slice(0, at), text.slice(at + 1)];
  }));
  return { limit, labels, ...(after === undefined ? {} : { after }) };
}
