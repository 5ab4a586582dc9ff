/** What `parseDuration()` accepts, for messages. */
export const DURATION_FORMAT = 'a duration such as "30s", "5m" or "1h30m"';

/** Every unit at most once, the largest first; `m` is not the beginning of `ms`. */
const DURATION = /^(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** In the order of the groups of `DURATION`. */
const UNITS: readonly (readonly [string, number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/**
 * Milliseconds of a text such as `250ms`, `30s`, `1h30m` or `7d`; `undefined` where it is no duration (no unit, a
 * sign, a fraction, units out of order) or too long to be counted exactly.
 */
export function parseDuration(text: string): number | undefined {
  const match = DURATION.exec(text);
  if (match === null) return undefined;
  const ms = UNITS.reduce((sum, [, size], i) => sum + Number(match[i + 1] ?? 0) * size, 0);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

/** The shortest text that `parseDuration()` reads as `ms`, a whole number from 0: 5,400,000 is `1h30m`. */
export function formatDuration(ms: number): string {
  if (!Number.isSafeInteger(ms) || ms < 0) throw new RangeError(`Cannot format duration "${ms}": not a whole number`);
  let text = "";
  let rest = ms;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text === "" ? "0s" : text;
}
