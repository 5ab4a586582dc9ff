import { z } from "zod";
// Its types are what `override` is checked by.
import type {} from "zod-openapi";
import { ONCE, queryValues } from "../../http/query.ts";
import type { ListOptions } from "../../session/session_table.ts";
import { listIssues, PLAIN_MESSAGES } from "../../session/zod_issues.ts";
import { type Issue, SignalboxError } from "../../signalbox_error.ts";

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const LIMIT_RULE = `must be a whole number from 1 to ${MAX_LIMIT}`;

/** The query of a list of sessions, as URLs have it: every value a text. */
export const listQuerySchema = z.strictObject({
  limit: z.string(ONCE).regex(/^\d{1,4}$/, LIMIT_RULE).transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, LIMIT_RULE).exactOptional()
    .meta({
      override({ jsonSchema }) {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: "integer", minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT });
      },
    })
    .describe("How many at most."),
  after: z.string(ONCE).exactOptional().describe("Only ids after this one: the `next` of the page before."),
  label: z.array(z.string().regex(/^[^=]+=/, "must be KEY=VALUE")).exactOptional()
    .describe("Only sessions with this label, as key=value; several must all hold."),
});

/** Throws `invalid_request`. */
export function parseListQuery(query: URLSearchParams): ListOptions {
  const parsed = listQuerySchema.safeParse(queryValues(query, ["label"]), PLAIN_MESSAGES);
  if (!parsed.success) throw refused(listIssues(parsed.error));
  const { limit = DEFAULT_LIMIT, after, label = [] } = parsed.data;
  return { limit, labels: readLabels(label), ...(after === undefined ? {} : { after }) };
}

function readLabels(texts: readonly string[]): Readonly<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const [i, text] of texts.entries()) {
    const at = text.indexOf("=");
    const [key, value] = [text.slice(0, at), text.slice(at + 1)];
    if ((labels.get(key) ?? value) !== value) {
      throw refused([{ path: `label[${i}]`, message: "asks for another value of a label, and no session has two" }]);
    }
    labels.set(key, value);
  }
  return Object.fromEntries(labels);
}

function refused(issues: readonly Issue[]): SignalboxError {
  return new SignalboxError("invalid_request", "Cannot list sessions: the query is not acceptable", { issues });
}
