import type { HookName } from "../plugin/hooks.ts";
import type { Issue } from "../signalbox_error.ts";
import { deepFreeze, type Frozen } from "./deep_freeze.ts";
import { HookFailure } from "./failure.ts";

/** One plugin's hook of one point. */
export interface Step<Run> {
  readonly plugin: string;
  /** The plugin's place in the configuration. */
  readonly index: number;
  readonly run: Run;
  /** Told how long each run took, where that is measured. */
  readonly took?: ((ms: number) => void) | undefined;
}

/** What becomes of the subjects that a step left. */
export type Settled<Subject> =
  | { readonly ok: true; readonly subjects: readonly Subject[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** One plugin's hook and what it made of the subjects. */
export interface Change {
  readonly plugin: string;
  readonly hook: HookName;
  readonly before: readonly object[];
  readonly after: readonly object[];
}

export interface HookPoint<Subject, Run> {
  readonly name: HookName;
  readonly steps: readonly Step<Run>[];
  readonly call: (step: Step<Run>, subject: Subject) => unknown;
  /** Asked after each step that changed something; for issues that step's plugin is to blame. */
  readonly settle?: (subjects: readonly Subject[]) => Settled<Subject>;
  /** Told of each step that changed something. */
  readonly onChange?: ((change: Change) => void) | undefined;
  readonly now?: (() => number) | undefined;
  /** Of the same session: parts go from one point to the next. */
  readonly frozen?: Frozen;
}

/**
 * Runs the hooks of one point over its subjects, each plugin seeing what the one before it left. Subjects are frozen,
 * what hooks give back is too. Throws a `HookFailure` that names the plugin when a hook throws or gives back what it must not.
 */
export function runHooks<Subject extends object, Run>(
  point: HookPoint<Subject, Run>,
  subjects: readonly Subject[],
): readonly Subject[] {
  if (point.steps.length === 0) return subjects;
  for (const subject of subjects) deepFreeze(subject, point.frozen);
  let current = subjects;
  for (const step of point.steps) {
    const next = measure(point, step, () => replaceAll(point, step, current));
    if (next !== undefined) current = settle(point, step, { before: current, after: next });
  }
  return current;
}

/** Has each plugin add to what the ones before it gave. Fails as `runHooks()` does. */
export function runAddingHooks<Subject extends object, Run>(
  point: Omit<HookPoint<Subject, Run>, "call"> & { readonly call: (step: Step<Run>) => unknown },
): readonly Subject[] {
  let current: readonly Subject[] = [];
  for (const step of point.steps) {
    const added = measure(point, step, () => callHook<Subject>(at(point, step), point.frozen, () => point.call(step)));
    if (added !== undefined && added.length > 0) {
      current = settle(point, step, { before: current, after: [...current, ...added] });
    }
  }
  return current;
}

/** A `settle` that takes what `check` finds nothing wrong with. */
export function settleBy<Subject>(check: (subjects: readonly Subject[]) => readonly Issue[]) {
  return (subjects: readonly Subject[]): Settled<Subject> => {
    const issues = check(subjects);
    return issues.length > 0 ? { ok: false, issues } : { ok: true, subjects };
  };
}

type Settling<Subject> = Pick<HookPoint<Subject, unknown>, "name" | "settle" | "onChange">;
type StepNames = Pick<Step<unknown>, "plugin">;

const at = ({ name }: { readonly name: HookName }, { plugin }: StepNames) => ({ plugin, hook: name });

/** What the step leaves of the subjects; `undefined` where it keeps them all. */
function replaceAll<Subject extends object, Run>(
  point: HookPoint<Subject, Run>,
  step: Step<Run>,
  subjects: readonly Subject[],
): readonly Subject[] | undefined {
  let changed = false;
  const next: Subject[] = [];
  for (const subject of subjects) {
    const replacements = callHook<Subject>(at(point, step), point.frozen, () => point.call(step, subject));
    if (replacements === undefined) next.push(subject);
    else {
      changed = true;
      next.push(...replacements);
    }
  }
  return changed ? next : undefined;
}

function settle<Subject extends object>(
  point: Settling<Subject>,
  step: StepNames,
  { before, after }: { readonly before: readonly Subject[]; readonly after: readonly Subject[] },
): readonly Subject[] {
  const settled = point.settle?.(after) ?? { ok: true, subjects: after };
  if (!settled.ok) throw new HookFailure(at(point, step), settled.issues);
  point.onChange?.({ ...at(point, step), before, after: settled.subjects });
  return settled.subjects;
}

function measure<Result>(
  { now }: { readonly now?: (() => number) | undefined },
  { took }: Pick<Step<unknown>, "took">,
  run: () => Result,
): Result {
  if (now === undefined || took === undefined) return run();
  const startedAtMs = now();
  try {
    return run();
  } finally {
    took(now() - startedAtMs);
  }
}

/** What takes the subject's place; `undefined` keeps it. */
function callHook<Subject extends object>(
  at: { readonly plugin: string; readonly hook: HookName },
  frozen: Frozen | undefined,
  call: () => unknown,
): readonly Subject[] | undefined {
  let problem: string | undefined;
  try {
    const result = call();
    if (result === undefined) return undefined;
    const replacements: readonly unknown[] = Array.isArray(result) ? [...result] : [result];
    problem = replacements.map(problemOf).find((found) => found !== undefined);
    // Only objects are left, and whether they are messages of the right type is checked when all hooks have run.
    if (problem === undefined) return deepFreeze(replacements, frozen) as readonly Subject[];
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
