import {
  type EnumDescriptor,
  type FieldDescriptor,
  type FileDescriptor,
  mapEntryOf,
  type MessageDescriptor,
} from "./descriptor_set.ts";

type Json = Record<string, unknown>;

/**
 * The files' descriptors in protobufjs's JSON form, stripped of all that the wire and JSON do not need. Fields are
 * named as in proto3 JSON; `options.proto_name` is there where the name in the file does not follow from it.
 */
export function compactFile(file: FileDescriptor): Json {
  return compactTypes(file.messageType ?? [], file.enumType ?? []);
}

function compactTypes(messages: readonly MessageDescriptor[], enums: readonly EnumDescriptor[]): Json {
  return Object.fromEntries([
    ...messages.filter((message) => !message.options?.mapEntry).map((
      message,
    ) => [message.name, compactMessage(message)]),
    ...enums.map((type) => [type.name, compactEnum(type)]),
  ]);
}

function compactEnum(type: EnumDescriptor) {
  const values = Object.fromEntries(type.value.map(({ name, number = 0 }) => [name, number]));
  const aliased = new Set(Object.values(values)).size < type.value.length;
  return aliased ? { options: { allow_alias: true }, values } : { values };
}

function compactMessage(message: MessageDescriptor): Json {
  const fields = message.field ?? [];
  const oneofs = (message.oneofDecl ?? []).map(({ name }, index) => [
    name,
    { oneof: fields.filter((field) => field.oneofIndex === index).map((field) => field.jsonName) },
  ]);
  const nested = compactTypes(message.nestedType ?? [], message.enumType ?? []);
  return {
    ...(oneofs.length > 0 && { oneofs: Object.fromEntries(oneofs) }),
    fields: Object.fromEntries(fields.map((field) => [field.jsonName, compactField(message, field)])),
    ...(Object.keys(nested).length > 0 && { nested }),
  };
}

function compactField(message: MessageDescriptor, field: FieldDescriptor) {
  const entry = mapEntryOf(message, field);
  const options = compactOptions(field);
  return {
    ...(entry !== undefined && { keyType: typeOf(entry.key) }),
    ...(entry === undefined && field.label === "LABEL_REPEATED" && { rule: "repeated" }),
    type: typeOf(entry?.value ?? field),
    id: field.number,
    ...(Object.keys(options).length > 0 && { options }),
  };
}

function compactOptions(field: FieldDescriptor) {
  const implied = field.jsonName.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    ...(field.proto3Optional && { proto3_optional: true }),
    ...(field.options?.deprecated && { deprecated: true }),
    ...(field.name !== implied && { proto_name: field.name }),
  };
}

const typeOf = (field: FieldDescriptor): string => field.typeName ?? field.type.slice("TYPE_".length).toLowerCase();
