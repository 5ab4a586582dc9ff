import { ANY, schemaOfUrl, writeAny } from "./any_value.ts";
import { BadField, describe, isRecord, setOwn, within } from "./bad_field.ts";
import { decodeBase64 } from "./base64.ts";
import { enumNumber, mapKey, unknownField } from "./encode.ts";
import { hasJsonForm, jsonForm, scalarFromJson } from "./json_form.ts";
import type { FieldSchema, MessageSchema, ValueSchema } from "./schema.ts";

/** A message in its readable form from proto3 JSON; fields may have either name, and null is absence. */
export function fromJson(schema: MessageSchema, json: unknown): unknown {
  if (schema.fullName === ANY) return anyFromJson(json);
  const form = jsonForm(schema.fullName);
  if (form !== undefined) return form.fromJson(json);
  if (!isRecord(json)) throw new BadField(`expected an object, got ${describe(json)}`);
  const message: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    const field = fieldNamed(schema, name);
    if (field === undefined) throw unknownField(schema, name);
    // Null is a value where the field is a `Value`.
    if (value === undefined || (value === null && field.typeName !== "google.protobuf.Value")) continue;
    if (Object.hasOwn(message, field.name)) throw new BadField("given twice, in both spellings").within(name);
    try {
      message[field.name] = fieldFromJson(field, value);
    } catch (thrown) {
      throw within(thrown, name);
    }
  }
  return message;
}

function fieldNamed(schema: MessageSchema, name: string): FieldSchema | undefined {
  return schema.byName.get(name) ?? schema.fields.find((field) => field.protoName === name);
}

function anyFromJson(json: unknown): unknown {
  if (!isRecord(json)) throw new BadField(`expected an object with "@type", got ${describe(json)}`);
  const { "@type": typeUrl, ...rest } = json;
  if (typeof typeUrl !== "string") throw new BadField(`expected a type URL, got ${describe(typeUrl)}`).within("@type");
  const schema = schemaOfUrl(typeUrl);
  if (schema === undefined) return { "@type": typeUrl, value: decodeBase64(rest["value"]) };
  return writeAny(typeUrl, schema, fromJson(schema, hasJsonForm(schema.fullName) ? rest["value"] : rest));
}

function fieldFromJson(field: FieldSchema, json: unknown): unknown {
  const type = field.type();
  if (field.shape === "one") return valueFromJson(type, json);
  if (field.shape === "repeated") {
    if (!Array.isArray(json)) throw new BadField(`expected an array, got ${describe(json)}`);
    return json.map((item, index) => {
      try {
        return valueFromJson(type, item);
      } catch (thrown) {
        throw within(thrown, `[${index}]`);
      }
    });
  }
  if (!isRecord(json)) throw new BadField(`expected an object, got ${describe(json)}`);
  const map: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(json)) {
    try {
      mapKey(field, key);
      setOwn(map, key, valueFromJson(type, item));
    } catch (thrown) {
      throw within(thrown, `[${JSON.stringify(key)}]`);
    }
  }
  return map;
}

function valueFromJson(type: ValueSchema, json: unknown): unknown {
  if (type.kind === "message") return fromJson(type, json);
  if (type.kind === "scalar") return scalarFromJson(type.name, json);
  const number = enumNumber(type, json);
  return type.names.get(number) ?? number;
}
