/** Deeper than any message of Envoy's API, and far from the end of the stack in whatever reads the value later. */
const MAX_DEPTH = 100;

const frozen = new WeakSet<object>();

/**
 * Makes a value of plain objects and arrays read only, in place; bytes cannot be frozen and are left as they are. Throws
 * a `RangeError` for a value that contains itself or is more than 100 objects deep, since neither can be encoded.
 */
export function deepFreeze<Value>(value: Value): Value {
  freezePart(value, 0, new Set());
  return value;
}

function freezePart(value: unknown, depth: number, around: Set<object>): void {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || frozen.has(value)) return;
  if (around.has(value)) throw new RangeError("must not contain itself");
  if (depth > MAX_DEPTH) throw new RangeError(`must not be more than ${MAX_DEPTH} objects deep`);
  around.add(value);
  for (const part of Object.values(Object.freeze(value))) freezePart(part, depth + 1, around);
  around.delete(value);
  // An author may have frozen the outside alone, so `Object.isFrozen` does not say this.
  frozen.add(value);
}
