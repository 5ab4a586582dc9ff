import { decodeBase64, encodeBase64 } from "./base64.ts";
import { BadField, describe, isRecord } from "./bad_field.ts";
import type { JsonValue } from "./message_types.ts";
import { isScalarType, SCALARS, type ScalarType } from "./scalar.ts";
import { plainJson, structType } from "./struct.ts";
import { defaultOf, wrappedType } from "./wrapper.ts";

/** A message that proto3 JSON does not write as an object of its fields. */
export interface JsonForm {
  toJson(message: unknown): JsonValue;
  fromJson(json: unknown): unknown;
}

export function jsonForm(fullName: string): JsonForm | undefined {
  if (!fullName.startsWith("google.protobuf.")) return undefined;
  if (fullName === "google.protobuf.Duration") return { toJson: durationText, fromJson: parseDuration };
  if (fullName === "google.protobuf.Timestamp") return { toJson: timestampText, fromJson: parseTimestamp };
  const wrapped = wrappedType(fullName);
  if (wrapped !== undefined) return wrapperForm(wrapped.name);
  return structType(fullName) === undefined ? undefined : { toJson: copyJson, fromJson: plainJson };
}

/** Whether the message stands under `value` in an `Any`. */
export function hasJsonForm(fullName: string): boolean {
  return jsonForm(fullName) !== undefined || fullName === "google.protobuf.Any";
}

const copyJson = (json: unknown): JsonValue => plainJson(json) as JsonValue;

function wrapperForm(type: ScalarType): JsonForm {
  return {
    toJson: (message) => {
      if (!isRecord(message)) throw new BadField(`expected {value}, got ${describe(message)}`);
      return scalarToJson(type, message["value"] ?? defaultOf(type));
    },
    fromJson: (json) => ({ value: scalarFromJson(type, json) }),
  };
}

/** A scalar of the readable form in JSON; 64-bit integers are strings there, exact or not. */
export function scalarToJson(type: string, value: unknown): JsonValue {
  if (!isScalarType(type) || !SCALARS[type].accepts(value)) {
    throw new BadField(`expected ${nounOf(type)}, got ${describe(value)}`);
  }
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return type.endsWith("64") ? String(value) : value as JsonValue;
}

/** A scalar from JSON, where numbers may be strings and bytes are base64. */
export function scalarFromJson(type: string, json: unknown): unknown {
  if (type === "bytes") return decodeBase64(json);
  const value = typeof json === "string" && type !== "string" && type !== "bool" ? numberFromText(type, json) : json;
  if (!isScalarType(type) || !SCALARS[type].accepts(value)) {
    throw new BadField(`expected ${nounOf(type)}, got ${describe(json)}`);
  }
  return value;
}

const nounOf = (type: string): string => isScalarType(type) ? SCALARS[type].noun : type;

function numberFromText(type: string, text: string): unknown {
  const number = ["NaN", "Infinity", "-Infinity"].includes(text) || /^-?\d/.test(text) ? Number(text) : undefined;
  // A value that is not a number reads as such only where it was written so.
  if (number === undefined || (Number.isNaN(number) && text !== "NaN")) return text;
  return type.endsWith("64") && !Number.isSafeInteger(number) ? text : number;
}

const NANOS = 1_000_000_000;

function secondsAndNanos(message: unknown): { seconds: bigint; nanos: number } {
  if (!isRecord(message)) throw new BadField(`expected {seconds, nanos}, got ${describe(message)}`);
  const { seconds = 0, nanos = 0, ...rest } = message;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw new BadField("not a field; expected seconds or nanos").within(extra);
  if (!SCALARS.int64.accepts(seconds)) {
    throw new BadField(`expected a 64-bit integer, got ${describe(seconds)}`).within("seconds");
  }
  if (!SCALARS.int32.accepts(nanos)) {
    throw new BadField(`expected a 32-bit integer, got ${describe(nanos)}`).within("nanos");
  }
  return { seconds: BigInt(seconds as string | number), nanos: Number(nanos) };
}

function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(Math.abs(nanos)).padStart(9, "0");
  // Three, six or nine digits, as everybody writes them.
  return `.${digits.replace(/(000){1,2}$/, "")}`;
}

function durationText(message: unknown): string {
  const { seconds, nanos } = secondsAndNanos(message);
  const sign = seconds < 0n || nanos < 0 ? "-" : "";
  return `${sign}${seconds < 0n ? -seconds : seconds}${fraction(nanos)}s`;
}

function parseDuration(json: unknown): unknown {
  const match = typeof json === "string" ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(json) : null;
  if (match === null) throw new BadField(`expected a duration like "1.5s", got ${describe(json)}`);
  const [, sign, whole, part = ""] = match;
  const factor = sign === "-" ? -1 : 1;
  return withoutZeros(factor * Number(whole), factor * Number(part.padEnd(9, "0")));
}

function withoutZeros(seconds: number, nanos: number): { seconds?: number; nanos?: number } {
  return { ...(seconds !== 0 && { seconds }), ...(nanos !== 0 && { nanos }) };
}

function timestampText(message: unknown): string {
  const { seconds, nanos } = secondsAndNanos(message);
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) throw new BadField(`no date is that far: ${seconds} s`);
  return date.toISOString().replace(/\.\d+Z$/, `${fraction(nanos)}Z`);
}

function parseTimestamp(json: unknown): unknown {
  const match = typeof json === "string"
    ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(json)
    : null;
  const millis = match === null ? NaN : Date.parse(`${match[1]}${match[3]}`);
  if (match === null || Number.isNaN(millis)) {
    throw new BadField(`expected a time like "2026-01-31T12:00:00Z", got ${describe(json)}`);
  }
  const nanos = Number((match[2] ?? "").padEnd(9, "0"));
  if (nanos >= NANOS) throw new BadField(`expected at most nine digits of a second, got ${describe(json)}`);
  return withoutZeros(millis / 1000, nanos);
}
