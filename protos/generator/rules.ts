import { type FileDescriptor, messagesOf } from "./descriptor_set.ts";

/** The `validate.rules` of a file by full message name; see `core/proto/rules.ts` for the shape. */
export function rulesOf(file: FileDescriptor): Record<string, unknown> {
  const rules: Record<string, unknown> = {};
  for (const { fullName, message } of messagesOf(file)) {
    const fields = (message.field ?? []).flatMap(({ jsonName, options }) => {
      const rule = options?.["[validate.rules]"];
      return rule === undefined ? [] : [[jsonName, plainRule(rule)]];
    });
    const required = (message.oneofDecl ?? [])
      .filter(({ options }) => options?.["[validate.required]"])
      .map(({ name }) => name);
    const disabled = message.options?.["[validate.disabled]"] || message.options?.["[validate.ignored]"];
    if (fields.length + required.length === 0 && !disabled) continue;
    rules[fullName] = {
      ...(disabled && { disabled }),
      ...(required.length > 0 && { required }),
      ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
    };
  }
  return rules;
}

const TEXT_RULES = new Set(["string", "bytes"]);
const LENGTHS = new Set([
  "len",
  "minLen",
  "maxLen",
  "lenBytes",
  "minBytes",
  "maxBytes",
  "minItems",
  "maxItems",
  "minPairs",
  "maxPairs",
]);

/** 64-bit numbers are strings in proto3 JSON, and durations `0.5s`: here all are numbers, durations in seconds. */
function plainRule(rule: unknown, kind = ""): unknown {
  if (Array.isArray(rule)) return rule.map((item) => plainRule(item, kind));
  if (typeof rule === "string") return TEXT_RULES.has(kind) ? rule : plainNumber(rule);
  if (typeof rule !== "object" || rule === null) return rule;
  return Object.fromEntries(
    Object.entries(rule).map(([key, value]) => {
      if (LENGTHS.has(key)) return [key, Number(value)];
      const nested = typeof value === "object" && !Array.isArray(value);
      return [key, plainRule(value, nested ? key : kind)];
    }),
  );
}

function plainNumber(text: string): number {
  const value = Number(text.replace(/s$/, ""));
  if (Number.isNaN(value)) throw new TypeError(`Cannot read the rule "${text}": not a number`);
  return value;
}
