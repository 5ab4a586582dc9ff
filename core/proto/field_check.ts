import { isRecord } from "./bad_field.ts";
import { type FieldRules, type KindRules, rulesOf } from "./rules.ts";
import { isScalarType } from "./scalar.ts";
import type { EnumSchema, FieldSchema, MessageSchema, ValueSchema } from "./schema.ts";
import { compileRules, type ValueCheck } from "./value_rules.ts";
import { defaultOf, wrappedType } from "./wrapper.ts";

/** The rules of a message type, compiled when a message of it is first checked. */
export interface FieldChecks {
  /** The field's check, made when there is first something to check; absent when it has no rules. */
  readonly of: (field: FieldSchema) => FieldCheck | undefined;
  /** What to say of these fields when they are not there. */
  readonly absent: readonly { readonly name: string; readonly problem: string }[];
  readonly requiredOneofs: ReadonlySet<string>;
}

export interface FieldCheck {
  /** What is wrong with the value as a whole; the value has the right type. */
  readonly problem: ValueCheck;
  /** Whether the rules of the message in the field do not apply. */
  readonly skip: boolean;
  /** Of the items or the map's values. */
  readonly values: FieldCheck | undefined;
  readonly keys: FieldCheck | undefined;
}

const compiled = new WeakMap<MessageSchema, FieldChecks>();

export function fieldChecksOf(schema: MessageSchema): FieldChecks {
  let checks = compiled.get(schema);
  if (checks === undefined) {
    checks = compileChecks(schema);
    compiled.set(schema, checks);
  }
  return checks;
}

function compileChecks(schema: MessageSchema): FieldChecks {
  const { fields = {}, required = [] } = rulesOf(schema.fullName);
  const known = new Map<FieldSchema, FieldCheck>();
  const of = (field: FieldSchema): FieldCheck | undefined => {
    const rules = fields[field.name];
    if (rules === undefined) return undefined;
    const check = known.get(field) ?? compileField(field.type(), rules);
    known.set(field, check);
    return check;
  };
  const absent = Object.entries(fields).flatMap(([name, rules]) => {
    const field = schema.byName.get(name);
    if (field === undefined) throw new TypeError(`Cannot check "${schema.fullName}": it has no field "${name}"`);
    const problem = problemOfAbsence(field, rules, () => of(field));
    return problem === undefined ? [] : [{ name, problem }];
  });
  return { of, absent, requiredOneofs: new Set(required) };
}

/** A field that cannot tell its default from absence has its rules even when it is not there. */
function problemOfAbsence(
  field: FieldSchema,
  rules: FieldRules,
  check: () => FieldCheck | undefined,
): string | undefined {
  if (field.explicit) return undefined;
  if (Object.values(rules).some((kind) => kind["required"] === true)) return "is required";
  if (field.shape === "repeated") return check()?.problem([]);
  if (field.shape === "map") return check()?.problem({});
  // Whatever else is a message then, and rules on one that is not there do not apply: its type is not even looked at.
  if (!isScalarType(field.typeName) && rules["enum"] === undefined) return undefined;
  const type = field.type();
  return type.kind === "message" ? undefined : check()?.problem(type.kind === "enum" ? 0 : defaultOf(type.name));
}

function compileField(type: ValueSchema, rules: FieldRules): FieldCheck {
  const checks = Object.entries(rules).map(([kind, of]) => compileKind(kind, of, type));
  return {
    problem: (value) => {
      for (const check of checks) {
        const problem = check(value);
        if (problem !== undefined) return problem;
      }
      return undefined;
    },
    skip: rules["message"]?.["skip"] === true,
    values: nested(type, rules["repeated"]?.["items"] ?? rules["map"]?.["values"]),
    // Keys are strings here whatever they are on the wire, and the API has rules for string keys only.
    keys: nested(type, rules["map"]?.["keys"]),
  };
}

function nested(type: ValueSchema, rules: unknown): FieldCheck | undefined {
  return rules === undefined ? undefined : compileField(type, rules as FieldRules);
}

function compileKind(kind: string, rules: KindRules, type: ValueSchema): ValueCheck {
  const check = kind === "enum" && type.kind === "enum" ? enumCheck(rules, type) : compileRules(kind, rules);
  const bare = type.kind === "message" ? unwrap(type) : undefined;
  return (value) => {
    const inner = bare === undefined ? value : bare(value);
    return rules["ignoreEmpty"] === true && isEmpty(inner) ? undefined : check(inner);
  };
}

/** The rules on a field of type `UInt32Value` or the like speak of what it holds. */
function unwrap({ fullName }: MessageSchema): ((message: unknown) => unknown) | undefined {
  const wrapped = wrappedType(fullName);
  if (wrapped === undefined) return undefined;
  return (message) => isRecord(message) ? message["value"] ?? defaultOf(wrapped.name) : message;
}

function isEmpty(value: unknown): boolean {
  if (typeof value === "string" || Array.isArray(value) || value instanceof Uint8Array) return value.length === 0;
  if (isRecord(value)) return Object.keys(value).length === 0;
  return value === 0 || value === "0" || value === false;
}

/** The rules speak of numbers, the messages of names. */
function enumCheck(rules: KindRules, type: EnumSchema): ValueCheck {
  const check = compileRules("enum", rules);
  const numberOf = (value: unknown) => typeof value === "string" ? type.numbers.get(value) : value;
  const named = (problem: string) =>
    problem.replaceAll(/\b\d+\b/g, (digits) => `"${type.names.get(Number(digits)) ?? digits}"`);
  return (value) => {
    const number = numberOf(value);
    if (rules["definedOnly"] === true && !type.names.has(Number(number))) return "must be one of the defined values";
    const problem = check(number);
    return problem === undefined ? undefined : named(problem);
  };
}
