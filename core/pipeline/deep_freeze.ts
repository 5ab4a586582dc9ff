/** Deeper than any message of Envoy's API, and far from the end of the stack in whatever reads the value later. */
const MAX_DEPTH = 100;

/** What is known to be frozen all through, so that it is not walked again. */
export type Frozen = Set<object>;

/**
 * Makes a value of plain objects and arrays read only, in place; bytes cannot be frozen and are left as they are. Throws
 * a `RangeError` for a value that contains itself or is more than 100 objects deep, since neither can be encoded.
 */
export function deepFreeze<Value>(value: Value, frozen: Frozen = new Set()): Value {
  if (!freezePart(value, 0, frozen)) {
    throw new RangeError(
      isCircular(value) ? "must not contain itself" : `must not be more than ${MAX_DEPTH} objects deep`,
    );
  }
  return value;
}

/** False where it gets too deep, as what contains itself does. */
function freezePart(value: unknown, depth: number, frozen: Frozen): boolean {
  // An author may have frozen the outside alone, so `Object.isFrozen` does not say this.
  if (typeof value !== "object" || value === null || frozen.has(value) || ArrayBuffer.isView(value)) return true;
  if (depth > MAX_DEPTH) return false;
  Object.freeze(value);
  if (Array.isArray(value)) {
    for (const part of value) if (!freezePart(part, depth + 1, frozen)) return false;
  } else {
    for (const key in value) if (!freezePart((value as Record<string, unknown>)[key], depth + 1, frozen)) return false;
  }
  frozen.add(value);
  return true;
}

/** Whether the way down from part to part leads back to where it has been. Without recursion: it may be a long way. */
function isCircular(value: unknown): boolean {
  const around = new Set<unknown>();
  const done = new Set<unknown>();
  const way: { readonly whole: unknown; readonly parts: unknown[] }[] = [{ whole: undefined, parts: [value] }];
  for (let at = way.at(-1); at !== undefined; at = way.at(-1)) {
    const part = at.parts.pop();
    if (part === undefined && at.parts.length === 0) {
      way.pop();
      around.delete(at.whole);
      done.add(at.whole);
    } else if (typeof part === "object" && part !== null && !done.has(part)) {
      if (around.has(part)) return true;
      around.add(part);
      way.push({ whole: part, parts: Object.values(part) });
    }
  }
  return false;
}
