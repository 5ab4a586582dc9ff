import { SENSITIVE } from "../../protos/generated/sensitive.ts";
import { encodeBase64 } from "./base64.ts";
import { ANY, readAny } from "./any_value.ts";
import { BadField, describe, isRecord, setOwn, within } from "./bad_field.ts";
import { enumNumber, unknownField } from "./encode.ts";
import { hasJsonForm, jsonForm, scalarToJson } from "./json_form.ts";
import type { JsonValue } from "./message_types.ts";
import type { FieldSchema, MessageSchema, ValueSchema } from "./schema.ts";

export interface JsonOptions {
  /** `snake` names fields as Envoy's documentation does, `camel` (default) as proto3 JSON does. */
  readonly fieldNames?: "camel" | "snake";
  /** Puts `[redacted]` in place of what the API calls sensitive: private keys, passwords and the like. */
  readonly redact?: boolean;
}

const REDACTED = "[redacted]";

type JsonObject = { [key: string]: JsonValue };

/** A message in its readable form as proto3 JSON. */
export function toJson(schema: MessageSchema, message: unknown, options: JsonOptions): JsonValue {
  if (schema.fullName === ANY) return anyToJson(message, options);
  const form = jsonForm(schema.fullName);
  if (form !== undefined) return form.toJson(message);
  if (!isRecord(message)) throw new BadField(`expected an object, got ${describe(message)}`);
  const json: JsonObject = {};
  for (const [name, value] of Object.entries(message)) {
    if (value === undefined) continue;
    const field = schema.byName.get(name);
    if (field === undefined) throw unknownField(schema, name);
    const shown = options.fieldNames === "snake" ? field.protoName : field.name;
    if (options.redact && SENSITIVE[schema.fullName]?.includes(name)) {
      json[shown] = REDACTED;
      continue;
    }
    try {
      json[shown] = fieldToJson(field, value, options);
    } catch (thrown) {
      throw within(thrown, name);
    }
  }
  return json;
}

function anyToJson(any: unknown, options: JsonOptions): JsonValue {
  const content = readAny(any);
  if (content.kind === "opaque") return { "@type": content.typeUrl, value: encodeBase64(content.bytes) };
  const json = toJson(content.schema, content.message, options);
  const embedded = !hasJsonForm(content.schema.fullName) && isRecord(json);
  return embedded ? { "@type": content.typeUrl, ...json as JsonObject } : { "@type": content.typeUrl, value: json };
}

function fieldToJson(field: FieldSchema, value: unknown, options: JsonOptions): JsonValue {
  const type = field.type();
  if (field.shape === "one") return valueToJson(type, value, options);
  if (field.shape === "repeated") {
    if (!Array.isArray(value)) throw new BadField(`expected an array, got ${describe(value)}`);
    return value.map((item, index) => {
      try {
        return valueToJson(type, item, options);
      } catch (thrown) {
        throw within(thrown, `[${index}]`);
      }
    });
  }
  if (!isRecord(value)) throw new BadField(`expected an object, got ${describe(value)}`);
  const json: JsonObject = {};
  for (const [key, item] of Object.entries(value)) {
    try {
      setOwn(json, key, valueToJson(type, item, options));
    } catch (thrown) {
      throw within(thrown, `[${JSON.stringify(key)}]`);
    }
  }
  return json;
}

function valueToJson(type: ValueSchema, value: unknown, options: JsonOptions): JsonValue {
  if (type.kind === "message") return toJson(type, value, options);
  if (type.kind === "enum") {
    const number = enumNumber(type, value);
    return type.names.get(number) ?? number;
  }
  return scalarToJson(type.name, value);
}
