import type { Issue } from "../signalbox_error.ts";
import { ANY, readAny } from "./any_value.ts";
import { BadField, describe, isRecord, joinPath } from "./bad_field.ts";
import { mapKey, unknownField, wrongType } from "./encode.ts";
import { type FieldCheck, fieldChecksOf } from "./field_check.ts";
import type { MessageName, Messages } from "./message_types.ts";
import { rulesOf } from "./rules.ts";
import { type FieldSchema, type MessageSchema, messageType, type ValueSchema } from "./schema.ts";
import { plainJson, structType } from "./struct.ts";

/**
 * Everything that Envoy would refuse a message for, as far as the API itself says so: its `validate.rules`, and what
 * `encodeMessage` would throw for. Empty when nothing is wrong. Looks into every `Any` of a known type.
 */
export function checkMessage<T extends MessageName>(type: T, message: Messages[T]): readonly Issue[] {
  const issues: Issue[] = [];
  checkAs(messageType(type), message, "", { issues, rules: true });
  return issues;
}

interface Run {
  readonly issues: Issue[];
  /** False within a message whose rules are disabled: then only names and types are checked. */
  readonly rules: boolean;
}

function report(run: Run, path: string, message: string): void {
  run.issues.push({ path, message });
}

/** Adds the issue if `act` throws one. */
function attempt<T>(run: Run, path: string, act: () => T): T | undefined {
  try {
    return act();
  } catch (thrown) {
    if (!(thrown instanceof BadField)) throw thrown;
    report(run, joinPath(path, thrown.path), thrown.message);
    return undefined;
  }
}

function checkAs(schema: MessageSchema, value: unknown, path: string, run: Run): void {
  if (schema.fullName === ANY) return checkAny(value, path, run);
  const struct = structType(schema.fullName);
  if (struct !== undefined) {
    attempt(run, path, () => (struct.toMessage(value), plainJson(value)));
  } else if (isRecord(value)) {
    checkFields(schema, value, path, run.rules && rulesOf(schema.fullName).disabled ? { ...run, rules: false } : run);
  } else {
    report(run, path, `expected an object, got ${describe(value)}`);
  }
}

function checkAny(value: unknown, path: string, run: Run): void {
  const content = attempt(run, path, () => readAny(value));
  if (content?.kind !== "message") return;
  // A message that stands under `value` has its issues there.
  const under = structType(content.schema.fullName) === undefined ? path : joinPath(path, "value");
  checkAs(content.schema, content.message, under, run);
}

function checkFields(schema: MessageSchema, message: Readonly<Record<string, unknown>>, path: string, run: Run): void {
  const checks = run.rules ? fieldChecksOf(schema) : undefined;
  for (const name of Object.keys(message)) {
    const value = message[name];
    if (value === undefined) continue;
    const field = schema.byName.get(name);
    if (field === undefined) report(run, joinPath(path, name), unknownField(schema, name).message);
    else checkField(field, value, joinPath(path, name), checks?.of(field), run);
  }
  for (const { name, problem } of checks?.absent ?? []) {
    if (message[name] === undefined) report(run, joinPath(path, name), problem);
  }
  for (const [oneof, fields] of schema.oneofs) {
    const set = fields.filter(({ name }) => message[name] !== undefined);
    const names = (set.length > 0 ? set : fields).map(({ name }) => name).join(", ");
    if (set.length > 1) report(run, path, `only one of ${names} can be set`);
    else if (set.length === 0 && checks?.requiredOneofs.has(oneof)) report(run, path, `one of ${names} is required`);
  }
}

function checkField(field: FieldSchema, value: unknown, path: string, check: FieldCheck | undefined, run: Run): void {
  const type = field.type();
  if (field.shape === "one") return checkValue(type, value, path, check, run);
  if (field.shape === "repeated") {
    if (!Array.isArray(value)) return report(run, path, `expected an array, got ${describe(value)}`);
    value.forEach((item, index) => checkValue(type, item, `${path}[${index}]`, check?.values, run));
  } else {
    if (!isRecord(value)) return report(run, path, `expected an object, got ${describe(value)}`);
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      const place = `${path}[${JSON.stringify(key)}]`;
      attempt(run, place, () => mapKey(field, key));
      const problem = check?.keys?.problem(key);
      if (problem !== undefined) report(run, place, problem);
      checkValue(type, item, place, check?.values, run);
    }
  }
  const problem = check?.problem(value);
  if (problem !== undefined) report(run, path, problem);
}

function checkValue(type: ValueSchema, value: unknown, path: string, check: FieldCheck | undefined, run: Run): void {
  if (type.kind === "message") {
    const before = run.issues.length;
    checkAs(type, value, path, check?.skip ? { ...run, rules: false } : run);
    // The rules speak of a value of the right type.
    if (run.issues.length > before) return;
  } else if (type.kind === "scalar" ? !type.scalar.accepts(value) : !isEnumValue(type, value)) {
    return report(run, path, wrongType(type, value).message);
  }
  const problem = check?.problem(value);
  if (problem !== undefined) report(run, path, problem);
}

function isEnumValue(type: Extract<ValueSchema, { kind: "enum" }>, value: unknown): boolean {
  return typeof value === "string" ? type.numbers.has(value) : Number.isInteger(value);
}
