import { DESCRIPTORS, TYPES } from "../../protos/generated/descriptors.ts";
import { isScalarType, type Scalar, SCALARS, type ScalarType } from "./scalar.ts";

/** A message type; made when it is first asked for, as are the types of its fields. */
export interface MessageSchema {
  readonly kind: "message";
  readonly fullName: string;
  /** In the order of their numbers. */
  readonly fields: readonly FieldSchema[];
  /** By name as in proto3 JSON. */
  readonly byName: ReadonlyMap<string, FieldSchema>;
  readonly byNumber: ReadonlyMap<number, FieldSchema>;
  /** By name as in the `.proto` file. */
  readonly oneofs: ReadonlyMap<string, readonly FieldSchema[]>;
}

export interface EnumSchema {
  readonly kind: "enum";
  readonly fullName: string;
  readonly numbers: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
}

export interface FieldSchema {
  readonly name: string;
  /** As in the `.proto` file and in Envoy's documentation. */
  readonly protoName: string;
  readonly number: number;
  readonly shape: "one" | "repeated" | "map";
  /** Of a map's keys. */
  readonly key: Scalar | undefined;
  /** Whether the default value is told apart from absence: it is in a oneof or marked `optional`. */
  readonly explicit: boolean;
  readonly oneof: string | undefined;
  /** The scalar's name, or the full name of the message or enum. */
  readonly typeName: string;
  /** Of the value, of an item, or of a map's values. */
  readonly type: () => ValueSchema;
}

export interface ScalarSchema {
  readonly kind: "scalar";
  readonly name: ScalarType;
  readonly scalar: Scalar;
}

export type ValueSchema = ScalarSchema | EnumSchema | MessageSchema;

/** protobufjs's JSON form of a type, as `protos/generator/compact.ts` writes it. */
interface TypeJson {
  readonly fields?: Readonly<Record<string, FieldJson>>;
  readonly oneofs?: Readonly<Record<string, { readonly oneof: readonly string[] }>>;
  readonly nested?: Readonly<Record<string, TypeJson>>;
  readonly values?: Readonly<Record<string, number>>;
}

interface FieldJson {
  readonly type: string;
  readonly id: number;
  readonly rule?: "repeated";
  readonly keyType?: string;
  readonly options?: { readonly proto3_optional?: boolean; readonly proto_name?: string };
}

const schemas = new Map<string, MessageSchema | EnumSchema>();
const parsedFiles = new Map<string, Readonly<Record<string, TypeJson>>>();
let fileOf: ReadonlyMap<string, string> | undefined;

function indexFiles(): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const [file, text] of Object.entries(TYPES)) {
    const [scope, ...names] = text.split(" ");
    for (const name of names) index.set(`${scope}.${name}`, file);
  }
  return index;
}

/** The file that a type is declared in, and the name of the outermost type around it. */
export function locateType(fullName: string): { readonly file: string; readonly outermost: string } | undefined {
  fileOf ??= indexFiles();
  for (
    let outermost = fullName;
    outermost !== "";
    outermost = outermost.slice(0, Math.max(0, outermost.lastIndexOf(".")))
  ) {
    const file = fileOf.get(outermost);
    if (file !== undefined) return { file, outermost };
  }
  return undefined;
}

/** The outermost message and enum types of all files. */
export function outermostTypes(): Iterable<string> {
  fileOf ??= indexFiles();
  return fileOf.keys();
}

/** The files that have been parsed so far: for tests. */
export function filesInUse(): readonly string[] {
  return [...parsedFiles.keys()];
}

function parseFile(file: string): Readonly<Record<string, TypeJson>> {
  const known = parsedFiles.get(file);
  if (known !== undefined) return known;
  const parsed: Readonly<Record<string, TypeJson>> = JSON.parse(DESCRIPTORS[file] ?? "{}");
  parsedFiles.set(file, parsed);
  return parsed;
}

/** A message or enum type by its full name, absent when it is not one of ours. */
export function findType(fullName: string): MessageSchema | EnumSchema | undefined {
  const known = schemas.get(fullName);
  if (known !== undefined) return known;
  const place = locateType(fullName);
  if (place === undefined) return undefined;
  const names = [place.outermost.slice(place.outermost.lastIndexOf(".") + 1)];
  if (fullName !== place.outermost) names.push(...fullName.slice(place.outermost.length + 1).split("."));
  let types: Readonly<Record<string, TypeJson>> | undefined = parseFile(place.file);
  let json: TypeJson | undefined;
  for (const name of names) {
    json = types !== undefined && Object.hasOwn(types, name) ? types[name] : undefined;
    types = json?.nested;
  }
  if (json === undefined) return undefined;
  const schema = json.values === undefined ? messageSchema(fullName, json) : enumSchema(fullName, json.values);
  schemas.set(fullName, schema);
  return schema;
}

/** A message type by its full name; throws a `TypeError` when there is none. */
export function messageType(fullName: string): MessageSchema {
  const schema = findType(fullName);
  if (schema?.kind !== "message") throw new TypeError(`Cannot find the message type "${fullName}": unknown`);
  return schema;
}

function enumSchema(fullName: string, values: Readonly<Record<string, number>>): EnumSchema {
  const numbers = new Map(Object.entries(values));
  // Of two names for a number, the first is the one that is written.
  const names = new Map([...numbers].reverse().map(([name, number]) => [number, name]));
  return { kind: "enum", fullName, numbers, names };
}

function messageSchema(fullName: string, json: TypeJson): MessageSchema {
  const oneofOf = new Map<string, string>();
  for (const [name, { oneof }] of Object.entries(json.oneofs ?? {})) {
    for (const field of oneof) oneofOf.set(field, name);
  }
  const fields = Object.entries(json.fields ?? {})
    .map(([name, field]) => fieldSchema(name, field, oneofOf.get(name)))
    .sort((a, b) => a.number - b.number);
  return {
    kind: "message",
    fullName,
    fields,
    byName: new Map(fields.map((field) => [field.name, field])),
    byNumber: new Map(fields.map((field) => [field.number, field])),
    oneofs: Map.groupBy(fields.filter((field) => field.oneof !== undefined), (field) => field.oneof ?? ""),
  };
}

function fieldSchema(name: string, json: FieldJson, oneof: string | undefined): FieldSchema {
  const typeName = json.type.replace(/^\./, "");
  let type: ValueSchema | undefined;
  const optional = json.options?.proto3_optional ?? false;
  return {
    name,
    protoName: json.options?.proto_name ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    number: json.id,
    shape: json.keyType !== undefined ? "map" : json.rule ?? "one",
    key: json.keyType !== undefined && isScalarType(json.keyType) ? SCALARS[json.keyType] : undefined,
    explicit: oneof !== undefined,
    oneof: optional ? undefined : oneof,
    typeName,
    type: () => type ??= resolve(typeName),
  };
}

function resolve(typeName: string): ValueSchema {
  if (isScalarType(typeName)) return { kind: "scalar", name: typeName, scalar: SCALARS[typeName] };
  const found = findType(typeName);
  if (found === undefined) throw new TypeError(`Cannot find the type "${typeName}": unknown`);
  return found;
}
