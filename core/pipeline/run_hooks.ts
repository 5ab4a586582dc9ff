import { HookFailure } from "./failure.ts";

/** One plugin's hook for the point at hand. */
export interface Step<Subject> {
  readonly plugin: string;
  readonly hook: (subject: Subject) => unknown;
}

/**
 * Runs the hooks of one point over its subjects, each plugin seeing what the one before it left. Throws a
 * `HookFailure` that names the plugin when a hook throws or gives back what it must not.
 */
export function runHooks<Subject extends object>(
  point: string,
  subjects: readonly Subject[],
  steps: readonly Step<Subject>[],
): readonly Subject[] {
  let current = subjects;
  for (const { plugin, hook } of steps) {
    current = current.flatMap((subject) => {
      const result = call(plugin, point, hook, deepFreeze(subject));
      if (result === undefined) return [subject];
      const replacements = Array.isArray(result) ? result : [result];
      for (const replacement of replacements) {
        if (replacement === null || typeof replacement !== "object" || replacement instanceof Promise) {
          throw new HookFailure({ plugin, hook: point, path: "", message: describe(replacement) });
        }
      }
      return replacements as Subject[];
    });
  }
  return current;
}

function call<Subject>(plugin: string, point: string, hook: (subject: Subject) => unknown, subject: Subject): unknown {
  try {
    return hook(subject);
  } catch (thrown) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    throw new HookFailure({ plugin, hook: point, path: "", message }, thrown);
  }
}

function describe(value: unknown): string {
  if (value instanceof Promise) return "must not give back a promise: hooks are synchronous";
  return `must give back an object, an array of objects or nothing, gave ${value === null ? "null" : typeof value}`;
}

/** Bytes cannot be frozen, and are left as they are. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
