import type { Reader, Writer } from "protobufjs/minimal.js";

export type ScalarType =
  | "string"
  | "bytes"
  | "bool"
  | "int32"
  | "uint32"
  | "sint32"
  | "fixed32"
  | "sfixed32"
  | "int64"
  | "uint64"
  | "sint64"
  | "fixed64"
  | "sfixed64"
  | "float"
  | "double";

/** How a scalar is checked, written and read. `write` takes what `accepts`. */
export interface Scalar {
  /** What a value is called in a message to its author. */
  readonly noun: string;
  /** 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes. */
  readonly wireType: 0 | 1 | 2 | 5;
  accepts(value: unknown): boolean;
  /** Of a value that is accepted: whether it says no more than absence does. */
  isDefault(value: unknown): boolean;
  write(writer: Writer, value: unknown): void;
  read(reader: Reader): unknown;
}

const isString = (value: unknown): value is string => typeof value === "string";
const isNumber = (value: unknown): value is number => typeof value === "number";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isBytes = (value: unknown): value is Uint8Array => value instanceof Uint8Array;

/** A scalar of TypeScript type `T`. */
function scalar<T>(
  noun: string,
  wireType: Scalar["wireType"],
  accepts: (value: unknown) => value is T,
  isDefault: (value: T) => boolean,
  write: (writer: Writer, value: T) => void,
  read: (reader: Reader) => unknown,
): Scalar {
  // The callers below have asked `accepts`; asking again would double the cost of encoding.
  return {
    noun,
    wireType,
    accepts,
    isDefault: isDefault as Scalar["isDefault"],
    write: write as Scalar["write"],
    read,
  };
}

const isZero = (value: number): boolean => Object.is(value, 0);

type Write<T> = (writer: Writer, value: T) => void;
type Read = (reader: Reader) => unknown;

function int32(signed: boolean, wireType: 0 | 5, write: Write<number>, read: Read): Scalar {
  const [min, max] = signed ? [-(2 ** 31), 2 ** 31 - 1] : [0, 2 ** 32 - 1];
  const accepts = (value: unknown): value is number =>
    isNumber(value) && Number.isInteger(value) && value >= min && value <= max;
  return scalar(
    signed ? "a 32-bit integer" : "an unsigned 32-bit integer",
    wireType,
    accepts,
    (value) => value === 0,
    write,
    read,
  );
}

/** 64-bit integers are numbers where these are exact, else strings of digits. */
function int64(signed: boolean, wireType: 0 | 1, write: Write<number | string>, read: Read): Scalar {
  const [min, max] = signed ? [-(2n ** 63n), 2n ** 63n - 1n] : [0n, 2n ** 64n - 1n];
  const inRange = (value: bigint) => value >= min && value <= max;
  const accepts = (value: unknown): value is number | string =>
    isNumber(value)
      ? Number.isSafeInteger(value) && (signed || value >= 0)
      : isString(value) && /^-?\d{1,20}$/.test(value) && inRange(BigInt(value));
  return scalar(
    signed ? "a 64-bit integer" : "an unsigned 64-bit integer",
    wireType,
    accepts,
    (value) => Number(value) === 0,
    write,
    (reader) => shortest(read(reader)),
  );
}

function shortest(value: unknown): number | string {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : String(value);
}

const decimal = (wireType: 1 | 5, write: Write<number>, read: Read): Scalar =>
  scalar("a number", wireType, isNumber, isZero, write, read);

export const SCALARS: Readonly<Record<ScalarType, Scalar>> = {
  string: scalar("a string", 2, isString, (s) => s === "", (w, s) => w.string(s), (r) => r.string()),
  bytes: scalar("a Uint8Array", 2, isBytes, (b) => b.length === 0, (w, b) => w.bytes(b), (r) => r.bytes().slice()),
  bool: scalar("a boolean", 0, isBoolean, (b) => !b, (w, b) => w.bool(b), (r) => r.bool()),
  int32: int32(true, 0, (w, n) => w.int32(n), (r) => r.int32()),
  uint32: int32(false, 0, (w, n) => w.uint32(n), (r) => r.uint32()),
  sint32: int32(true, 0, (w, n) => w.sint32(n), (r) => r.sint32()),
  fixed32: int32(false, 5, (w, n) => w.fixed32(n), (r) => r.fixed32()),
  sfixed32: int32(true, 5, (w, n) => w.sfixed32(n), (r) => r.sfixed32()),
  int64: int64(true, 0, (w, n) => w.int64(n), (r) => r.int64()),
  uint64: int64(false, 0, (w, n) => w.uint64(n), (r) => r.uint64()),
  sint64: int64(true, 0, (w, n) => w.sint64(n), (r) => r.sint64()),
  fixed64: int64(false, 1, (w, n) => w.fixed64(n), (r) => r.fixed64()),
  sfixed64: int64(true, 1, (w, n) => w.sfixed64(n), (r) => r.sfixed64()),
  float: decimal(5, (w, n) => w.float(n), (r) => r.float()),
  double: decimal(1, (w, n) => w.double(n), (r) => r.double()),
};

export function isScalarType(type: string): type is ScalarType {
  return Object.hasOwn(SCALARS, type);
}
