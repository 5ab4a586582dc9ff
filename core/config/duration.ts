const MS_PER_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Whole amounts, each unit at most once, from the largest to the smallest. */
const DURATION = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNITS = ["d", "h", "m", "s", "ms"] as const;

/** What a duration looks like, for messages. */
export const DURATION_FORMAT = 'a duration such as "250ms", "30s" or "1h30m"';

/**
 * Milliseconds of a duration such as `250ms`, `30s`, `1h30m` or `7d`; a bare number has no unit and is refused.
 * Throws `RangeError` where `text` is something else, or more than can be counted exactly.
 */
export function parseDuration(text: string): number {
  const match = DURATION.exec(text);
  if (match === null) throw new RangeError(`Cannot parse duration "${text}": it must be ${DURATION_FORMAT}`);
  const ms = UNITS.reduce((sum, unit, i) => sum + Number(match[i + 1] ?? 0) * (MS_PER_UNIT[unit] ?? 0), 0);
  if (!Number.isSafeInteger(ms)) throw new RangeError(`Cannot parse duration "${text}": it is too long`);
  return ms;
}
