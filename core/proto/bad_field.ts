/** What is wrong with one field, and where. Thrown inside this folder; what leaves it is a `TypeError` that names the path. */
export class BadField extends Error {
  path = "";

  /** The same failure as seen from the message around: `segment` is a field's name, or `[0]`, or `["key"]`. */
  within(segment: string): this {
    this.path = joinPath(segment, this.path);
    return this;
  }
}

/** `a` and `b.c` make `a.b.c`; `a` and `[0].b` make `a[0].b`. */
export function joinPath(outer: string, inner: string): string {
  if (outer === "" || inner === "") return outer + inner;
  return inner.startsWith("[") ? outer + inner : `${outer}.${inner}`;
}

/** Puts the place into what was thrown on the way to it. */
export function within(thrown: unknown, segment: string): unknown {
  return thrown instanceof BadField ? thrown.within(segment) : thrown;
}

/** What a caller of this folder sees of a `BadField`. */
export function asTypeError(thrown: unknown, action: string, fullName: string): unknown {
  if (!(thrown instanceof BadField)) return thrown;
  const place = thrown.path === "" ? "" : `${thrown.path}: `;
  return new TypeError(`Cannot ${action} "${fullName}": ${place}${thrown.message}`);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Sets an own property whatever its name: assigning `__proto__` would set the prototype. */
export function setOwn(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[key] = value;
  }
}

/** A value as it is shown to the author of a message. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (value instanceof Uint8Array) return "bytes";
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  return typeof value === "object" ? "an object" : String(value);
}
