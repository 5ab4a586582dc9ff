import { BadField, describe, isRecord, setOwn, within } from "./bad_field.ts";

/**
 * `google.protobuf.Struct`, `Value` and `ListValue` are plain JSON for whoever writes them. Here they become the
 * messages that go over the wire, and back.
 */
export const STRUCT_TYPES: Readonly<Record<string, StructType>> = {
  "google.protobuf.Struct": { toMessage: structMessage, fromMessage: structOf },
  "google.protobuf.Value": { toMessage: valueMessage, fromMessage: valueOf },
  "google.protobuf.ListValue": { toMessage: listMessage, fromMessage: listOf },
};

export interface StructType {
  /** Its values in turn are plain JSON, which `toMessage` of their own type takes. */
  toMessage(json: unknown): Record<string, unknown>;
  fromMessage(message: Readonly<Record<string, unknown>>): unknown;
}

export function structType(fullName: string): StructType | undefined {
  return fullName.startsWith("google.protobuf.") && Object.hasOwn(STRUCT_TYPES, fullName)
    ? STRUCT_TYPES[fullName]
    : undefined;
}

function structMessage(json: unknown): Record<string, unknown> {
  if (!isRecord(json)) throw new BadField(`expected an object, got ${describe(json)}`);
  return { fields: json };
}

function listMessage(json: unknown): Record<string, unknown> {
  if (!Array.isArray(json)) throw new BadField(`expected an array, got ${describe(json)}`);
  return { values: json };
}

function valueMessage(json: unknown): Record<string, unknown> {
  if (json === null) return { nullValue: "NULL_VALUE" };
  if (typeof json === "string") return { stringValue: json };
  if (typeof json === "boolean") return { boolValue: json };
  if (typeof json === "number" && Number.isFinite(json)) return { numberValue: json };
  if (Array.isArray(json)) return { listValue: json };
  if (isRecord(json)) return { structValue: json };
  throw new BadField(`expected JSON, got ${describe(json)}`);
}

function structOf(message: Readonly<Record<string, unknown>>): unknown {
  return message["fields"] ?? {};
}

function listOf(message: Readonly<Record<string, unknown>>): unknown {
  return message["values"] ?? [];
}

function valueOf(message: Readonly<Record<string, unknown>>): unknown {
  const [kind, value] = Object.entries(message)[0] ?? ["nullValue", null];
  return kind === "nullValue" ? null : value;
}

/** Reads JSON that is to be a `Struct`, `Value` or `ListValue`: a copy without what is no JSON. */
export function plainJson(json: unknown): unknown {
  if (Array.isArray(json)) {
    return json.map((item, index) => {
      try {
        return plainJson(item);
      } catch (thrown) {
        throw within(thrown, `[${index}]`);
      }
    });
  }
  if (!isRecord(json)) {
    valueMessage(json);
    return json;
  }
  const copy: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    try {
      setOwn(copy, key, plainJson(value));
    } catch (thrown) {
      throw within(thrown, `[${JSON.stringify(key)}]`);
    }
  }
  return copy;
}
