import { type Percentiles, percentiles, round } from "../samples.ts";

/** What became of one new session. Times are from its request. */
export interface Registration {
  /** Until the answer that it is registered. */
  readonly acknowledgedMs: number;
  /** Until its backend has answered a call. Calls begin with the acknowledgement. */
  readonly answeredMs: number;
  /** How many calls that took. */
  readonly tries: number;
  /** How many of them had a route whose cluster Envoy did not have. */
  readonly withoutCluster: number;
}

export type CompareResult =
  & { readonly name: string; readonly sessions: number }
  & ({ readonly missing: string } | ({ readonly everyMs: number } & Summary));

export interface Summary {
  readonly registered: number;
  readonly acknowledgedMs: Percentiles;
  readonly answeredMs: Percentiles;
  /** Sessions whose first call, made as soon as they were acknowledged, failed. */
  readonly firstCallFailed: number;
  /** Sessions that had a route before Envoy had its cluster. */
  readonly routeBeforeCluster: number;
  /** The control plane's CPU time a registration; undefined where the system doesn't tell. */
  readonly cpuMs: number | undefined;
}

/** `cpuMs` was taken in so many `intervals`, each with a registration, or none where sessions took long to answer. */
export function summarize(
  registrations: readonly Registration[],
  { cpuMs, intervals }: { readonly cpuMs: number | undefined; readonly intervals: number },
): Summary {
  return {
    registered: registrations.length,
    acknowledgedMs: percentiles(registrations.map(({ acknowledgedMs }) => acknowledgedMs)),
    answeredMs: percentiles(registrations.map(({ answeredMs }) => answeredMs)),
    firstCallFailed: registrations.filter(({ tries }) => tries > 1).length,
    routeBeforeCluster: registrations.filter(({ withoutCluster }) => withoutCluster > 0).length,
    cpuMs: cpuMs === undefined ? undefined : round(cpuMs / intervals),
  };
}

/**
 * README's table: a row a control plane, whose cells have a figure for each number of sessions, as in "11 / 15". All
 * control planes were measured with the same numbers, in the same order.
 */
export function compareRows(results: readonly CompareResult[]): Readonly<Record<string, string>>[] {
  return [...Map.groupBy(results, ({ name }) => name)].map(([name, ofOne]) => {
    const about = { [`at ${join(ofOne, ({ sessions }) => sessions.toLocaleString("en"))} sessions`]: name };
    const measured = ofOne.filter((result) => "registered" in result);
    const lacks = ofOne.find((result) => "missing" in result);
    if (lacks !== undefined) return { ...about, [ACKNOWLEDGED]: `not measured: no ${lacks.missing} here` };
    const of = ` of ${join(measured.slice(0, 1), ({ registered }) => String(registered))}`;
    return {
      ...about,
      [ACKNOWLEDGED]: join(measured, ({ acknowledgedMs }) => formatMs(acknowledgedMs.p50)),
      "answers p50 ms": join(measured, ({ answeredMs }) => formatMs(answeredMs.p50)),
      "max ms": join(measured, ({ answeredMs }) => formatMs(answeredMs.max)),
      "first call failed": join(measured, ({ firstCallFailed }) => String(firstCallFailed)) + of,
      "route before cluster": join(measured, ({ routeBeforeCluster }) => String(routeBeforeCluster)) + of,
      "CPU ms per session": join(measured, ({ cpuMs }) => cpuMs === undefined ? "?" : formatMs(cpuMs)),
    };
  });
}

const ACKNOWLEDGED = "acknowledged p50 ms";

function join<Item>(items: readonly Item[], format: (item: Item) => string): string {
  return items.map(format).join(" / ");
}

/** Two digits that count, as in "1.2", "45" and "6,100". */
export function formatMs(ms: number): string {
  return Number(ms.toPrecision(2)).toLocaleString("en");
}
