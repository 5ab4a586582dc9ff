import { structuredPatch } from "diff";
import { stringify } from "yaml";

/** How many lines are shown around what differs. */
const CONTEXT = 2;

/**
 * What makes `after` of `before`, both as YAML: lines that begin with `-`, `+` or a blank, and `…` where lines are left out.
 * `undefined` on one side is nothing at all; empty where both are the same.
 */
export function diffJson(before: unknown, after: unknown): readonly string[] {
  const [old, now] = [toYaml(before), toYaml(after)];
  if (old === now) return [];
  const { hunks } = structuredPatch("", "", old, now, "", "", { context: CONTEXT });
  const lines = hunks.flatMap(({ lines, oldStart }, index) => index > 0 || oldStart > 1 ? ["…", ...lines] : lines);
  return lines.filter((line) => !line.startsWith("\\"));
}

export function toYaml(value: unknown): string {
  return value === undefined ? "" : stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 });
}
