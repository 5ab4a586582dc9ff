import { z } from "zod";
import { DURATION_FORMAT, parseDuration } from "../../duration.ts";
import { ONCE, queryValues } from "../../http/query.ts";
import { listIssues, PLAIN_MESSAGES } from "../../session/zod_issues.ts";
import { SignalboxError } from "../../signalbox_error.ts";

const MAX_TIMEOUT_MS = 60_000;
const DEFAULT_TIMEOUT = "10s";

const timeout = z.string(ONCE).transform((text, context): number => {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= MAX_TIMEOUT_MS) return ms;
  context.addIssue(`must be ${DURATION_FORMAT}, at most 1m, got ${JSON.stringify(text.slice(0, 100))}`);
  return z.NEVER;
});

/** The query of requests that may wait. */
export const waitQuerySchema = z.strictObject({
  wait: z.literal("live", { error: 'must be "live"' }).exactOptional()
    .describe("live: answer when every Envoy that gets the session has acknowledged it."),
  timeout: timeout.prefault(DEFAULT_TIMEOUT).describe(
    `How long to wait, at most 1m; then the answer is 202. Default ${DEFAULT_TIMEOUT}.`,
  ),
});

/** How long to wait until the change is live, in milliseconds; absent: not at all. Throws `invalid_request`. */
export function parseWaitQuery(query: URLSearchParams): { readonly timeoutMs: number } | undefined {
  const parsed = waitQuerySchema.safeParse(queryValues(query), PLAIN_MESSAGES);
  if (!parsed.success) {
    throw new SignalboxError("invalid_request", "Cannot read the query: it is not acceptable", {
      issues: listIssues(parsed.error),
    });
  }
  return parsed.data.wait === undefined ? undefined : { timeoutMs: parsed.data.timeout };
}
