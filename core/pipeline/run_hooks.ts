import type { Issue } from "../signalbox_error.ts";
import { deepFreeze } from "./deep_freeze.ts";
import { HookFailure } from "./failure.ts";

/** One plugin's hook for the point at hand. */
export interface Step<Subject> {
  readonly plugin: string;
  readonly hook: (subject: Subject) => unknown;
}

/** What becomes of the subjects that a step left. */
export type Settled<Subject> =
  | { readonly ok: true; readonly subjects: readonly Subject[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

export interface HookPoint<Subject> {
  readonly name: string;
  readonly steps: readonly Step<Subject>[];
  /** Asked after each step that changed something; for issues that step's plugin is to blame. */
  readonly settle?: (subjects: readonly Subject[]) => Settled<Subject>;
  /** Told of each plugin that changed something. */
  readonly onChange?: (plugin: string) => void;
}

/**
 * Runs the hooks of one point over its subjects, each plugin seeing what the one before it left. Subjects are frozen,
 * what hooks give back is too. Throws a `HookFailure` that names the plugin when a hook throws or gives back what it must not.
 */
export function runHooks<Subject extends object>(
  point: HookPoint<Subject>,
  subjects: readonly Subject[],
): readonly Subject[] {
  let current = subjects;
  if (point.steps.length > 0) { for (const subject of subjects) deepFreeze(subject); }
  for (const { plugin, hook } of point.steps) {
    const at = { plugin, hook: point.name };
    let changed = false;
    const next: Subject[] = [];
    for (const subject of current) {
      const replacements = callHook(at, hook, subject);
      if (replacements) changed = true;
      next.push(...replacements ?? [subject]);
    }
    if (!changed) continue;
    const settled = point.settle?.(next) ?? { ok: true, subjects: next };
    if (!settled.ok) throw new HookFailure(at, settled.issues);
    current = settled.subjects;
    point.onChange?.(plugin);
  }
  return current;
}

/** What takes the subject's place; `undefined` keeps it. */
function callHook<Subject extends object>(
  at: { readonly plugin: string; readonly hook: string },
  hook: (subject: Subject) => unknown,
  subject: Subject,
): readonly Subject[] | undefined {
  let problem: string | undefined;
  try {
    const result = hook(subject);
    if (result === undefined) return undefined;
    const replacements: readonly unknown[] = Array.isArray(result) ? [...result] : [result];
    problem = replacements.map(problemOf).find((found) => found !== undefined);
    // Only objects are left, and whether they are messages of the right type is checked when all hooks have run.
    if (problem === undefined) return deepFreeze(replacements) as readonly Subject[];
  } catch (thrown) {
    throw new HookFailure(at, [{ path: "", message: messageOf(thrown) }], thrown);
  }
  throw new HookFailure(at, [{ path: "", message: problem }]);
}

function problemOf(replacement: unknown): string | undefined {
  if (typeof replacement === "object" && replacement !== null && !Array.isArray(replacement)) {
    if (!isThenable(replacement)) return undefined;
    // Nobody else will look at it, and a rejection that nobody looks at ends the process.
    Promise.resolve(replacement).catch(() => {});
    return "must not give back a promise: hooks are synchronous";
  }
  const kind = replacement === null ? "null" : Array.isArray(replacement) ? "an array in an array" : typeof replacement;
  return `must give back an object, an array of objects or nothing, gave ${kind}`;
}

function isThenable(value: object): value is PromiseLike<unknown> {
  return "then" in value && typeof value.then === "function";
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message === "" ? thrown.name : thrown.message;
  return typeof thrown === "string" ? thrown : `threw ${thrown === null ? "null" : typeof thrown}`;
}
