import { diffJson } from "../author/json_diff.ts";
import type { ShownExplanation } from "./tasks_client.ts";

type Step = ShownExplanation["steps"][number];
type Failure = ShownExplanation["failures"][number];

const SERVED: Readonly<Record<string, string>> = {
  current: "is served as it is registered",
  last: "is served as it was built before; built now it would be another, or nothing",
  nothing: "is not served",
};

/** A headline, what went wrong, and a numbered step with its difference for each hook that changed something. */
export function formatExplanation({ id, served, steps, failures }: ShownExplanation): string {
  const lines = [`${id} ${SERVED[served] ?? served}`, ...failures.map((failure) => `! ${formatFailure(failure)}`)];
  steps.forEach((step, index) => lines.push("", `${index + 1}. ${step.plugin}: ${step.hook}`, ...formatChange(step)));
  if (steps.length === 0 && failures.length === 0) lines.push("no plugin changed anything");
  return `${lines.join("\n")}\n`;
}

/** Whose fault it is, where, and what is wrong. */
export function formatFailure({ plugin, hook, path, message }: Failure): string {
  const who = plugin === undefined ? "" : `plugin ${plugin}${hook === undefined ? "" : `, hook ${hook}`}: `;
  return `${who}${path === "" ? "" : `${path}: `}${message}`;
}

function formatChange({ before, after }: Step): readonly string[] {
  // One that stays one is no list.
  const [old, now] = before.length === 1 && after.length === 1 ? [before[0], after[0]] : [before, after];
  return diffJson(old, now).map((line) => `   ${line}`);
}
