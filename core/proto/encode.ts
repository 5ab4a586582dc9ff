import { Writer } from "protobufjs/minimal.js";
import { ANY, readAny } from "./any_value.ts";
import { BadField, describe, isRecord, within } from "./bad_field.ts";
import { type EnumSchema, type FieldSchema, type MessageSchema, type ValueSchema } from "./schema.ts";
import { structType } from "./struct.ts";
import { finish, tag } from "./wire.ts";

/** One writer for all: encoding is synchronous, and a fresh buffer would cost more than most messages. */
let writer = new Writer();

/** Bytes of a buffer that is not worth keeping for the next message. */
const LARGE = 1 << 20;

/**
 * A message's bytes: fields in the order of their numbers, map entries by key, nothing that equals its absence. So equal
 * messages have equal bytes. Throws a `BadField` for a field that the type does not have or a value of the wrong type.
 */
export function encode(schema: MessageSchema, message: unknown): Uint8Array {
  let done = false;
  try {
    writeMessage(schema, message);
    done = true;
    return finish(writer);
  } finally {
    if (!done || writer.buf.length > LARGE) writer = new Writer();
    else writer.reset();
  }
}

/** Writes the fields without a length before them. */
function writeMessage(schema: MessageSchema, message: unknown): void {
  if (schema.fullName === ANY) return writeAnyFields(message);
  const struct = structType(schema.fullName);
  const plain = struct === undefined ? message : struct.toMessage(message);
  if (!isRecord(plain)) throw new BadField(`expected an object, got ${describe(plain)}`);
  for (const field of presentFields(schema, plain)) {
    try {
      writeField(field, plain[field.name]);
    } catch (thrown) {
      // In the readable form of a Struct there are no fields of its messages.
      throw struct === undefined ? within(thrown, field.name) : thrown;
    }
  }
}

/** The fields that are set, in the order of their numbers; authors tend to write them in that order already. */
function presentFields(schema: MessageSchema, message: Readonly<Record<string, unknown>>): FieldSchema[] {
  const present: FieldSchema[] = [];
  let last = 0;
  let sorted = true;
  for (const name of Object.keys(message)) {
    if (message[name] === undefined) continue;
    const field = schema.byName.get(name);
    if (field === undefined) throw unknownField(schema, name);
    if (field.number < last) sorted = false;
    last = field.number;
    present.push(field);
  }
  return sorted ? present : present.sort((a, b) => a.number - b.number);
}

export function unknownField(schema: MessageSchema, name: string): BadField {
  const meant = schema.fields.find((field) => field.protoName === name);
  const hint = meant === undefined ? "" : `; did you mean "${meant.name}"?`;
  return new BadField(`not a field of ${schema.fullName}${hint}`).within(name);
}

function writeAnyFields(any: unknown): void {
  const content = readAny(any);
  writer.uint32(tag(1, 2)).string(content.typeUrl);
  if (content.kind === "opaque") {
    if (content.bytes.length > 0) writer.uint32(tag(2, 2)).bytes(content.bytes);
    return;
  }
  const before = writer.pos;
  writer.uint32(tag(2, 2)).fork();
  const start = writer.pos;
  writeMessage(content.schema, content.message);
  const empty = writer.pos === start;
  writer.ldelim();
  if (empty) writer.pos = before;
}

function writeField(field: FieldSchema, value: unknown): void {
  const type = field.type();
  if (field.shape === "repeated") return writeRepeated(field, type, value);
  if (field.shape === "map") return writeMap(field, type, value);
  if (type.kind === "scalar") {
    if (!type.scalar.accepts(value)) throw wrongType(type, value);
    if (!field.explicit && type.scalar.isDefault(value)) return;
    writer.uint32(tag(field.number, type.scalar.wireType));
    return type.scalar.write(writer, value);
  }
  if (type.kind === "enum") {
    const number = enumNumber(type, value);
    if (number !== 0 || field.explicit) writer.uint32(tag(field.number, 0)).int32(number);
    return;
  }
  writeValue(field.number, type, value);
}

/** Writes a value with its tag, be it the default or not. */
function writeValue(fieldNumber: number, type: ValueSchema, value: unknown): void {
  if (type.kind === "message") {
    writer.uint32(tag(fieldNumber, 2)).fork();
    writeMessage(type, value);
    writer.ldelim();
  } else {
    writer.uint32(tag(fieldNumber, type.kind === "enum" ? 0 : type.scalar.wireType));
    writeBare(type, value);
  }
}

function writeBare(type: Exclude<ValueSchema, MessageSchema>, value: unknown): void {
  if (type.kind === "enum") {
    writer.int32(enumNumber(type, value));
  } else if (type.scalar.accepts(value)) {
    type.scalar.write(writer, value);
  } else {
    throw wrongType(type, value);
  }
}

function writeRepeated(field: FieldSchema, type: ValueSchema, value: unknown): void {
  if (!Array.isArray(value)) throw new BadField(`expected an array, got ${describe(value)}`);
  if (value.length === 0) return;
  const packed = type.kind === "enum" || (type.kind === "scalar" && type.scalar.wireType !== 2);
  if (packed) writer.uint32(tag(field.number, 2)).fork();
  for (let index = 0; index < value.length; index++) {
    try {
      if (packed) writeBare(type, value[index]);
      else writeValue(field.number, type, value[index]);
    } catch (thrown) {
      throw within(thrown, `[${index}]`);
    }
  }
  if (packed) writer.ldelim();
}

function writeMap(field: FieldSchema, type: ValueSchema, value: unknown): void {
  if (!isRecord(value)) throw new BadField(`expected an object, got ${describe(value)}`);
  for (const key of Object.keys(value).sort()) {
    const entry = value[key];
    if (entry === undefined) continue;
    try {
      writer.uint32(tag(field.number, 2)).fork();
      if (field.key !== undefined) {
        writer.uint32(tag(1, field.key.wireType));
        field.key.write(writer, mapKey(field, key));
      }
      writeValue(2, type, entry);
      writer.ldelim();
    } catch (thrown) {
      throw within(thrown, `[${JSON.stringify(key)}]`);
    }
  }
}

/** Object keys are strings; what a map is keyed by may not be. */
export function mapKey(field: FieldSchema, key: string): unknown {
  if (field.key === undefined || field.key.accepts(key)) return key;
  const value = key === "true" ? true : key === "false" ? false : Number(key);
  if (!field.key.accepts(value)) throw new BadField(`expected ${field.key.noun} as key, got ${describe(key)}`);
  return value;
}

/** A number that Envoy's release knows and ours does not is kept as a number. */
export function enumNumber(type: EnumSchema, value: unknown): number {
  const number = typeof value === "string" ? type.numbers.get(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number)) throw wrongType(type, value);
  return number;
}

export function wrongType(type: ValueSchema, value: unknown): BadField {
  const expected = type.kind === "scalar"
    ? type.scalar.noun
    : type.kind === "message"
    ? "an object"
    : `one of ${[...type.numbers.keys()].map((name) => `"${name}"`).join(", ")}`;
  return new BadField(`expected ${expected}, got ${describe(value)}`);
}
