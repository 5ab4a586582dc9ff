import type { z } from "zod";
import type { Issue } from "../signalbox_error.ts";
import { formatPath } from "./issue_path.ts";
import { kindOf } from "./quote.ts";

const EXPECTED: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "an array",
  object: "an object",
  record: "an object",
};

/** More than anybody reads; a hostile input could make its answer many times its own size. */
const MAX_ISSUES = 100;

/**
 * Every issue of a refused input in plain words, in the order found; `prefix` is where the input itself stands.
 * After 100 the last one says how many more there are.
 */
export function listIssues(error: z.core.$ZodError, prefix: readonly PropertyKey[] = []): readonly Issue[] {
  const all = error.issues.flatMap((issue): Issue[] => {
    const path = [...prefix, ...issue.path];
    if (issue.code !== "unrecognized_keys") return [{ path: formatPath(path), message: issue.message }];
    return issue.keys.map((key) => ({ path: formatPath([...path, key]), message: "is not a known field" }));
  });
  if (all.length <= MAX_ISSUES) return all;
  return [...all.slice(0, MAX_ISSUES), { path: "", message: `has ${all.length - MAX_ISSUES} more issues` }];
}

/** Options of `safeParse` under which `listIssues()` reads as it should. A message in the schema comes first. */
export const PLAIN_MESSAGES: z.core.ParseContext<z.core.$ZodIssue> = { error: plainMessage, reportInput: true };

function plainMessage(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.input === undefined) return "is required";
      return `must be ${EXPECTED[String(issue.expected)] ?? String(issue.expected)}, got ${kindOf(issue.input)}`;
    }
    case "invalid_key": {
      const issues: readonly z.core.$ZodIssue[] = Array.isArray(issue.issues) ? issue.issues : [];
      return issues[0]?.message;
    }
    default:
      return undefined;
  }
}
