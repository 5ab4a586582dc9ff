import { RULES } from "../../protos/generated/rules.ts";
import { locateType } from "./schema.ts";

/** The constraints of a message type (protoc-gen-validate's `validate.rules`), as `protos/generator/rules.ts` writes them. */
export interface MessageRules {
  /** Neither its fields nor the messages in them are checked. */
  readonly disabled?: boolean;
  /** The oneofs of which a field has to be set. */
  readonly required?: readonly string[];
  readonly fields?: Readonly<Record<string, FieldRules>>;
}

/** By kind (`string`, `repeated`, …), what is asked of the value; lengths are numbers, durations seconds. */
export type FieldRules = Readonly<Record<string, KindRules>>;

export type KindRules = Readonly<Record<string, unknown>>;

const NONE: MessageRules = {};

const parsedFiles = new Map<string, Readonly<Record<string, MessageRules>>>();
const known = new Map<string, MessageRules>();

export function rulesOf(fullName: string): MessageRules {
  const found = known.get(fullName);
  if (found !== undefined) return found;
  const rules = readRules(fullName);
  known.set(fullName, rules);
  return rules;
}

function readRules(fullName: string): MessageRules {
  const file = locateType(fullName)?.file;
  if (file === undefined) return NONE;
  let rules = parsedFiles.get(file);
  if (rules === undefined) {
    rules = JSON.parse(RULES[file] ?? "{}") as Readonly<Record<string, MessageRules>>;
    parsedFiles.set(file, rules);
  }
  return rules[fullName] ?? NONE;
}
