import { Reader } from "protobufjs/minimal.js";
import { ANY, schemaOfUrl, writeAny } from "./any_value.ts";
import { setOwn } from "./bad_field.ts";
import type { FieldSchema, MessageSchema, ValueSchema } from "./schema.ts";
import { structType } from "./struct.ts";
import { defaultOf, wrappedType } from "./wrapper.ts";

type Plain = Record<string, unknown>;

/** Envoy allows no more either; the stack is finite. */
const MAX_DEPTH = 100;

/** A message as a plain object: only what was on the wire. Fields that the type does not have are dropped. */
export function decode(schema: MessageSchema, bytes: Uint8Array): unknown {
  return readMessage(schema, createReader(bytes), bytes.length, {}, 0);
}

/** Node's `Buffer` would make `Buffer`s of the fields that hold bytes. */
function createReader(bytes: Uint8Array): Reader {
  return new Reader(
    bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length),
  );
}

/** Reads up to the offset `end` into `message`, then gives its readable form. */
function readMessage(schema: MessageSchema, reader: Reader, end: number, message: Plain, depth: number): unknown {
  readFields(schema, reader, end, message, depth);
  return readable(schema, message, depth);
}

function readFields(schema: MessageSchema, reader: Reader, end: number, message: Plain, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new RangeError(`Cannot decode "${schema.fullName}": more than ${MAX_DEPTH} messages deep`);
  }
  while (reader.pos < end) {
    const tag = reader.uint32();
    const field = schema.byNumber.get(tag >>> 3);
    if (field === undefined || !readField(field, tag & 7, reader, message, depth)) reader.skipType(tag & 7);
    else if (field.oneof !== undefined) {
      for (const other of schema.oneofs.get(field.oneof) ?? []) if (other !== field) delete message[other.name];
    }
  }
  if (reader.pos !== end) throw new RangeError(`Cannot decode "${schema.fullName}": a field ends after the message`);
}

function readable(schema: MessageSchema, message: Plain, depth: number): unknown {
  if (schema.fullName === ANY) return readableAny(message, depth);
  // A `BoolValue` that is there says false when it is empty; nobody should have to know.
  const wrapped = wrappedType(schema.fullName);
  if (wrapped !== undefined) return { value: message["value"] ?? defaultOf(wrapped.name) };
  const struct = structType(schema.fullName);
  return struct === undefined ? message : struct.fromMessage(message);
}

function readableAny(any: Plain, depth: number): Plain {
  const typeUrl = typeof any["typeUrl"] === "string" ? any["typeUrl"] : "";
  const bytes = any["value"] instanceof Uint8Array ? any["value"] : new Uint8Array();
  const schema = schemaOfUrl(typeUrl);
  if (schema === undefined) return { "@type": typeUrl, value: bytes };
  return writeAny(typeUrl, schema, readMessage(schema, createReader(bytes), bytes.length, {}, depth + 1));
}

/** False when the wire type is not the field's: then it is as unknown as a field that we do not have. */
function readField(field: FieldSchema, wireType: number, reader: Reader, message: Plain, depth: number): boolean {
  const type = field.type();
  const expected = type.kind === "scalar" ? type.scalar.wireType : type.kind === "enum" ? 0 : 2;
  if (field.shape === "map") {
    if (wireType !== 2) return false;
    readEntry(field, type, reader, message, depth);
  } else if (field.shape === "one") {
    if (wireType !== expected) return false;
    message[field.name] = readValue(type, reader, message[field.name], depth);
  } else if (wireType === expected) {
    listOf(message, field.name).push(readValue(type, reader, undefined, depth));
  } else if (wireType === 2) {
    const end = reader.uint32() + reader.pos;
    const list = listOf(message, field.name);
    while (reader.pos < end) list.push(readValue(type, reader, undefined, depth));
  } else {
    return false;
  }
  return true;
}

function listOf(message: Plain, name: string): unknown[] {
  const known = message[name];
  if (Array.isArray(known)) return known;
  const list: unknown[] = [];
  message[name] = list;
  return list;
}

/** A singular message that comes twice is one message with the fields of both, later ones last. */
function readValue(type: ValueSchema, reader: Reader, before: unknown, depth: number): unknown {
  if (type.kind === "scalar") return type.scalar.read(reader);
  if (type.kind === "enum") {
    const number = reader.int32();
    return type.names.get(number) ?? number;
  }
  const end = reader.uint32() + reader.pos;
  const mergeable = typeof before === "object" && before !== null && structType(type.fullName) === undefined;
  const start: Plain = mergeable && type.fullName !== ANY ? { ...before } : {};
  return readMessage(type, reader, end, start, depth + 1);
}

function readEntry(field: FieldSchema, type: ValueSchema, reader: Reader, message: Plain, depth: number): void {
  const end = reader.uint32() + reader.pos;
  let key = "";
  let value: unknown;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag >>> 3 === 1 && field.key !== undefined) key = String(field.key.read(reader));
    else if (tag >>> 3 === 2) value = readValue(type, reader, undefined, depth);
    else reader.skipType(tag & 7);
  }
  const entries = (message[field.name] ??= {}) as Plain;
  setOwn(entries, key, value ?? emptyValue(type));
}

/** An entry of a map whose value is the default may leave it out. */
function emptyValue(type: ValueSchema): unknown {
  if (type.kind === "enum") return type.names.get(0) ?? 0;
  return type.kind === "message" ? readable(type, {}, 0) : defaultOf(type.name);
}
