import { ANY, readAny, writeAny } from "./any_value.ts";
import { isRecord, joinPath } from "./bad_field.ts";
import type { MessageName, Messages } from "./message_types.ts";
import { type FieldSchema, type MessageSchema, messageType } from "./schema.ts";

/** A message of whatever type in its readable form. */
export type Plain = Readonly<Record<string, unknown>>;

/** What becomes of a message of the type `fullName` that stands at `path`; what is in it comes after it. */
export type Change = (fullName: string, message: Plain, path: string) => Plain;

/**
 * A copy of a message in its readable form, in which every message has become what `change` makes of it, from the
 * outermost in. Messages in an `Any` of a known type are among them; what has a form of its own (durations, structs) is
 * taken as it is.
 */
export function transformMessage<T extends MessageName>(type: T, message: Messages[T], change: Change): Messages[T] {
  // `change` is held to the type by whoever encodes the result.
  return transform(messageType(type), message, "", change) as Messages[T];
}

/** Changes by message type. Of other types everything stays as it is. */
export type MessageChanges = { readonly [T in MessageName]?: (message: Messages[T]) => object };

/** What `changes` make of a message. */
export function changeMessage(changes: MessageChanges, fullName: string, message: Plain): Plain {
  // Under the name of a type stands what takes that type.
  const change = changes[fullName as MessageName] as ((message: Plain) => object) | undefined;
  return change === undefined ? message : { ...change(message) };
}

function transform(schema: MessageSchema, value: unknown, path: string, change: Change): unknown {
  if (schema.fullName === ANY) {
    const content = readAny(value);
    if (content.kind === "opaque") return value;
    return writeAny(content.typeUrl, content.schema, transform(content.schema, content.message, path, change));
  }
  if (schema.fullName.startsWith("google.protobuf.") || !isRecord(value)) return value;
  const changed = change(schema.fullName, value, path);
  return Object.fromEntries(
    Object.entries(changed).map(([name, inner]) => {
      const field = schema.byName.get(name);
      return [name, field ? transformField(field, inner, joinPath(path, name), change) : inner];
    }),
  );
}

function transformField(field: FieldSchema, value: unknown, path: string, change: Change): unknown {
  const type = field.type();
  if (type.kind !== "message" || value === undefined) return value;
  if (field.shape === "repeated" && Array.isArray(value)) {
    return value.map((item, index) => transform(type, item, `${path}[${index}]`, change));
  }
  if (field.shape === "map" && isRecord(value)) {
    return Object.fromEntries(
      Object.entries(value).map((
        [key, item],
      ) => [key, transform(type, item, `${path}[${JSON.stringify(key)}]`, change)]),
    );
  }
  return transform(type, value, path, change);
}
