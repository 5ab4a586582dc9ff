import { z } from "zod";
import { formatPath } from "../session/issue_path.ts";
import { listIssues, PLAIN_MESSAGES } from "../session/zod_issues.ts";
import type { Issue } from "../signalbox_error.ts";
import type { SchemaResult, StandardSchema } from "./plugin.ts";

export type CheckedInput =
  | { readonly ok: true; readonly value: unknown }
  /** Paths begin inside of the input. */
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** What the schema makes of an input. Throws what the schema throws. */
export function checkInput(schema: StandardSchema, input: unknown): CheckedInput | Promise<CheckedInput> {
  if (schema instanceof z.ZodType) {
    // For messages in the words of all the others.
    const parsed = schema.safeParse(input, PLAIN_MESSAGES);
    return parsed.success ? { ok: true, value: parsed.data } : { ok: false, issues: listIssues(parsed.error) };
  }
  const result = schema["~standard"].validate(input);
  return result instanceof Promise ? result.then(toChecked) : toChecked(result);
}

function toChecked(result: SchemaResult<unknown>): CheckedInput {
  if (result.issues === undefined) return { ok: true, value: result.value };
  const issues = result.issues.map(({ message, path = [] }) => ({
    path: formatPath(path.map((part) => typeof part === "object" ? part.key : part)),
    message,
  }));
  return { ok: false, issues };
}
