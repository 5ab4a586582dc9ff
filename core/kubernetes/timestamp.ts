/** A time in milliseconds since the epoch as `meta/v1` Time has it, which knows no fractions. */
export function toTimestamp(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
