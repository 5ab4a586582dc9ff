import fields from "../../protos/v2/fields.json" with { type: "json" };

/** A field of a v2 message. */
export interface V2Field {
  readonly number: number;
  readonly shape: "one" | "repeated" | "map";
  /** A scalar's name, or the full name of a message or enum. */
  readonly type: string;
}

const MESSAGES: Readonly<Record<string, Readonly<Record<string, string>>>> = fields.messages;
const ENUMS: Readonly<Record<string, Readonly<Record<string, string>>>> = fields.enums;

/** The field of that name, as in the `.proto` file; absent where v2 has none. */
export function v2Field(message: string, name: string): V2Field | undefined {
  const [number = "", ...rest] = MESSAGES[message]?.[name]?.split(" ") ?? [];
  const type = rest.at(-1);
  if (type === undefined) return undefined;
  return { number: Number(number), shape: rest.length === 1 ? "one" : rest[0] === "map" ? "map" : "repeated", type };
}

export function isV2Message(type: string): boolean {
  return type in MESSAGES;
}

/** The values of an enum, name by number; absent for what is no enum. */
export function v2Enum(type: string): Readonly<Record<string, string>> | undefined {
  return ENUMS[type];
}

/** What an Envoy of the v2 API would refuse in a message in proto3 JSON: fields that it does not have, or not so. */
export function checkV2Json(message: string, json: unknown, path = ""): readonly string[] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return [`${path}: no ${message}`];
  return Object.entries(json).flatMap(([name, value]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const field = v2Field(message, name.replaceAll(/[A-Z]|\d+(?=xx)/g, (part) => `_${part.toLowerCase()}`));
    if (!field) return [`${at}: ${message} has no such field`];
    if (field.shape === "one") return checkValue(field.type, value, at);
    if (field.shape === "map") return [`${at}: maps are not looked into`];
    if (!Array.isArray(value)) return [`${at}: no array`];
    return value.flatMap((item, index) => checkValue(field.type, item, `${at}[${index}]`));
  });
}

const SCALARS: Readonly<Record<string, (value: unknown) => boolean>> = {
  "string": (value) => typeof value === "string",
  "bytes": (value) => typeof value === "string",
  "bool": (value) => typeof value === "boolean",
  "uint32": (value) => Number.isInteger(value),
  "double": (value) => typeof value === "number",
  "google.protobuf.BoolValue": (value) => typeof value === "boolean",
  "google.protobuf.UInt32Value": (value) => Number.isInteger(value),
  "google.protobuf.DoubleValue": (value) => typeof value === "number",
  "google.protobuf.Duration": (value) => typeof value === "string" && /^\d+(\.\d+)?s$/.test(value),
};

function checkValue(type: string, value: unknown, path: string): readonly string[] {
  if (isV2Message(type)) return checkV2Json(type, value, path);
  const values = v2Enum(type);
  if (values) return Object.values(values).includes(String(value)) ? [] : [`${path}: ${type} has no ${value}`];
  return SCALARS[type]?.(value) ? [] : [`${path}: ${JSON.stringify(value)} is no ${type}`];
}
