import { Buffer } from "node:buffer";
import { isRecord } from "./bad_field.ts";
import type { KindRules } from "./rules.ts";

/** Says what is wrong with a value of the right type; undefined when nothing is. */
export type ValueCheck = (value: unknown) => string | undefined;

type Make = (limit: never, rules: KindRules) => ValueCheck | undefined;
type Rules = Readonly<Record<string, Make>>;

/** A rule that is only a companion of another one, or that `check.ts` itself follows. */
const elsewhere = (): undefined => undefined;

const failIf = (fails: (value: never) => boolean, message: string): ValueCheck => {
  const test = fails as (value: unknown) => boolean;
  return (value) => test(value) ? message : undefined;
};

const list = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(", ");
const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`;
const bytesIn = (text: string): number => Buffer.byteLength(text);
const charactersIn = (text: string): number => text.length < 2 ? text.length : [...text].length;

const HEADER_NAME = /^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/;
// deno-lint-ignore no-control-regex
const HEADER_VALUE = /^[^\x00-\x08\x0A-\x1F\x7F]*$/;
// deno-lint-ignore no-control-regex
const LOOSE_HEADER = /^[^\x00\x0A\x0D]*$/;

function headerCheck(kind: string, { strict = true }: KindRules): ValueCheck {
  const noun = { HTTP_HEADER_NAME: "the name", HTTP_HEADER_VALUE: "the value" }[kind];
  if (noun === undefined) throw new TypeError(`Cannot check the rule "${kind}": unknown`);
  const pattern = !strict ? LOOSE_HEADER : kind === "HTTP_HEADER_NAME" ? HEADER_NAME : HEADER_VALUE;
  return failIf((text: string) => !pattern.test(text), `must be ${noun} of an HTTP header`);
}

const MEMBERSHIP: Rules = {
  const: (wanted: unknown) => failIf((value) => value !== wanted, `must be ${JSON.stringify(wanted)}`),
  in: (allowed: readonly unknown[]) => failIf((value) => !allowed.includes(value), `must be one of ${list(allowed)}`),
  notIn: (refused: readonly unknown[]) =>
    failIf((value) => refused.includes(value), `must not be one of ${list(refused)}`),
  ignoreEmpty: elsewhere,
};

const STRING: Rules = {
  ...MEMBERSHIP,
  len: (n: number) => failIf((s: string) => charactersIn(s) !== n, `must have ${counted(n, "character")}`),
  minLen: (n: number) =>
    failIf((s: string) => charactersIn(s) < n, n === 1 ? "must not be empty" : `must have at least ${n} characters`),
  maxLen: (n: number) => failIf((s: string) => charactersIn(s) > n, `must have at most ${counted(n, "character")}`),
  minBytes: (n: number) => failIf((s: string) => bytesIn(s) < n, `must have at least ${counted(n, "byte")}`),
  maxBytes: (n: number) => failIf((s: string) => bytesIn(s) > n, `must have at most ${counted(n, "byte")}`),
  // The patterns of the API read alike in RE2 and in JavaScript; one that does not compile fails the test of all rules.
  pattern: (source: string) => {
    const pattern = new RegExp(source, "u");
    return failIf((s: string) => !pattern.test(s), `must match ${source}`);
  },
  prefix: (start: string) => failIf((s: string) => !s.startsWith(start), `must start with "${start}"`),
  suffix: (end: string) => failIf((s: string) => !s.endsWith(end), `must end with "${end}"`),
  contains: (part: string) => failIf((s: string) => !s.includes(part), `must contain "${part}"`),
  wellKnownRegex: headerCheck,
  strict: elsewhere,
};

const BYTES: Rules = {
  ignoreEmpty: elsewhere,
  minLen: (n: number) =>
    failIf((b: Uint8Array) => b.length < n, n === 1 ? "must not be empty" : `must have at least ${n} bytes`),
  maxLen: (n: number) => failIf((b: Uint8Array) => b.length > n, `must have at most ${counted(n, "byte")}`),
};

interface Bound {
  readonly holds: (value: number) => boolean;
  readonly text: string;
}

type MakeBound = (limit: number, unit: string) => Bound;

const LOWER: Readonly<Record<string, MakeBound>> = {
  gt: (n, unit) => ({ holds: (value) => value > n, text: `more than ${n}${unit}` }),
  gte: (n, unit) => ({ holds: (value) => value >= n, text: `at least ${n}${unit}` }),
};

const UPPER: Readonly<Record<string, MakeBound>> = {
  lt: (n, unit) => ({ holds: (value) => value < n, text: `less than ${n}${unit}` }),
  lte: (n, unit) => ({ holds: (value) => value <= n, text: `at most ${n}${unit}` }),
};

/** A lower limit above the upper one means that only what lies between the two is refused: "0 or at least 1 ms". */
function numbers(unit: string): Rules {
  const both = (rules: KindRules) => {
    const lower = Object.entries(LOWER).find(([name]) => rules[name] !== undefined);
    const upper = Object.entries(UPPER).find(([name]) => rules[name] !== undefined);
    if (lower === undefined || upper === undefined) return undefined;
    const [from, to] = [Number(rules[lower[0]]), Number(rules[upper[0]])];
    return from > to ? { lower: lower[1](from, unit), upper: upper[1](to, unit) } : undefined;
  };
  const bound = (make: MakeBound): Make => (n: number, rules) => {
    const outside = both(rules);
    const one = make(n, unit);
    if (outside === undefined) return failIf((value: number) => !one.holds(value), `must be ${one.text}`);
    const { lower, upper } = outside;
    return failIf(
      (value: number) => !lower.holds(value) && !upper.holds(value),
      `must be ${upper.text} or ${lower.text}`,
    );
  };
  const bounds = Object.entries({ ...LOWER, ...UPPER }).map(([name, make]) => [name, bound(make)] as const);
  return { ...MEMBERSHIP, ...Object.fromEntries(bounds) };
}

const RULES_BY_KIND: Readonly<Record<string, Rules>> = {
  string: STRING,
  bytes: BYTES,
  bool: MEMBERSHIP,
  enum: { ...MEMBERSHIP, definedOnly: elsewhere },
  number: numbers(""),
  duration: { ...numbers("s"), required: elsewhere },
  any: { ...MEMBERSHIP, required: elsewhere },
  message: { required: elsewhere, skip: elsewhere },
  repeated: {
    items: elsewhere,
    ignoreEmpty: elsewhere,
    minItems: (n: number) =>
      failIf((l: unknown[]) => l.length < n, n === 1 ? "must not be empty" : `must have at least ${n} items`),
    maxItems: (n: number) => failIf((l: unknown[]) => l.length > n, `must have at most ${counted(n, "item")}`),
    unique: (wanted: boolean) =>
      wanted ? failIf((l: unknown[]) => new Set(l).size < l.length, "must not repeat an item") : undefined,
  },
  map: {
    keys: elsewhere,
    values: elsewhere,
    ignoreEmpty: elsewhere,
    minPairs: (n: number) =>
      failIf(
        (m: object) => Object.keys(m).length < n,
        n === 1 ? "must not be empty" : `must have at least ${n} entries`,
      ),
    maxPairs: (n: number) =>
      failIf((m: object) => Object.keys(m).length > n, `must have at most ${counted(n, "entry")}`),
  },
};

const NUMBERS: ReadonlySet<string> = new Set(["double", "float", "int32", "int64", "uint32", "uint64"]);

/** The rules of one kind as a check; throws a `TypeError` for a rule that we do not know. */
export function compileRules(kind: string, rules: KindRules): ValueCheck {
  const known = RULES_BY_KIND[NUMBERS.has(kind) ? "number" : kind];
  const checks = Object.entries(rules).flatMap(([name, limit]) => {
    const make = known?.[name];
    if (make === undefined) throw new TypeError(`Cannot check the rule "${kind}.${name}": unknown`);
    return make(limit as never, rules) ?? [];
  });
  const readable = READERS[kind] ?? (NUMBERS.has(kind) ? Number : undefined);
  return (value) => {
    const plain = readable === undefined ? value : readable(value);
    for (const check of checks) {
      const problem = check(plain);
      if (problem !== undefined) return problem;
    }
    return undefined;
  };
}

/** From a value in a message to what its rules speak of. */
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  duration: (value) => isRecord(value) ? Number(value["seconds"] ?? 0) + Number(value["nanos"] ?? 0) / 1e9 : value,
  any: (value) => isRecord(value) ? value["@type"] : value,
};
