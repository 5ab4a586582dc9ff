import { kindOf } from "./quote.ts";

/** Deeper than any plugin needs, and far from what recursion over it could not bear. */
const MAX_DEPTH = 32;

export interface JsonIssue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * What keeps `value` from being JSON that can be stored, compared and walked: numbers without a finite value, objects
 * that are no plain data, nesting of more than 32, a key `__proto__`. The first of them, with its path below `path`.
 */
export function findJsonIssue(value: unknown, path: readonly PropertyKey[] = []): JsonIssue | undefined {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : issueAt(path, `must be a finite number, got ${value}`);
    case "object":
      return value === null ? undefined : findIssueInside(value, path);
    default:
      return issueAt(path, `must be JSON, got ${kindOf(value)}`);
  }
}

function findIssueInside(value: object, path: readonly PropertyKey[]): JsonIssue | undefined {
  if (path.length >= MAX_DEPTH) return issueAt(path, `must not be nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) return findFirst(value.entries(), path);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return issueAt(path, "must be JSON, got an object of a class");
  }
  // A copy of such an object by assignment would change the copy's prototype.
  if (Object.hasOwn(value, "__proto__")) return issueAt([...path, "__proto__"], "is not a possible name");
  return findFirst(Object.entries(value), path);
}

function findFirst(entries: Iterable<[PropertyKey, unknown]>, path: readonly PropertyKey[]): JsonIssue | undefined {
  for (const [key, value] of entries) {
    const issue = findJsonIssue(value, [...path, key]);
    if (issue !== undefined) return issue;
  }
  return undefined;
}

function issueAt(path: readonly PropertyKey[], message: string): JsonIssue {
  return { path, message };
}
