import type { Message } from "../proto/message_types.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";
import type { ClientNode } from "./client_node.ts";

type NodeMatcher = Message<"envoy.type.matcher.v3.NodeMatcher">;
type StructMatcher = Message<"envoy.type.matcher.v3.StructMatcher">;
type StringMatcher = Message<"envoy.type.matcher.v3.StringMatcher">;
type ValueMatcher = Message<"envoy.type.matcher.v3.ValueMatcher">;

/**
 * Which nodes a client status request asks for: those that any matcher has, or all without matchers. Throws
 * `invalid_request` for a matcher that is not understood, rather than showing what was not asked for.
 */
export function createNodeFilter(matchers: readonly NodeMatcher[] = []): (node: ClientNode) => boolean {
  const issues: Issue[] = [];
  const filters = matchers.map(({ nodeId, nodeMetadatas = [] }, index) => {
    const path = `nodeMatchers[${index}]`;
    const id = nodeId === undefined ? () => true : readString(nodeId, `${path}.nodeId`, issues);
    const metadata = nodeMetadatas.map((matcher, i) => readStruct(matcher, `${path}.nodeMetadatas[${i}]`, issues));
    return (node: ClientNode) => id(node.id) && metadata.every((matches) => matches(node.metadata));
  });
  if (issues.length > 0) {
    throw new SignalboxError("invalid_request", "Cannot match nodes: the request is not acceptable", { issues });
  }
  return (node) => filters.length === 0 || filters.some((matches) => matches(node));
}

function readString(matcher: StringMatcher, path: string, issues: Issue[]): (text: string) => boolean {
  const fold = (text: string) => matcher.ignoreCase ? text.toLowerCase() : text;
  const { exact, prefix, suffix, contains, safeRegex } = matcher;
  if (exact !== undefined) return (text) => fold(text) === fold(exact);
  if (prefix !== undefined) return (text) => fold(text).startsWith(fold(prefix));
  if (suffix !== undefined) return (text) => fold(text).endsWith(fold(suffix));
  if (contains !== undefined) return (text) => fold(text).includes(fold(contains));
  const problem = safeRegex ? "safeRegex is not understood here" : "must have exact, prefix, suffix or contains";
  issues.push({ path, message: problem });
  return () => false;
}

function readStruct({ path: keys = [], value }: StructMatcher, path: string, issues: Issue[]) {
  const matches = readValue(value ?? {}, `${path}.value`, issues);
  return (metadata: unknown): boolean => {
    const found = keys.reduce<unknown>((at, { key = "" }) => {
      return typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined;
    }, metadata);
    return matches(found);
  };
}

function readValue(matcher: ValueMatcher, path: string, issues: Issue[]): (value: unknown) => boolean {
  const { nullMatch, stringMatch, boolMatch, presentMatch, doubleMatch } = matcher;
  if (nullMatch !== undefined) return (value) => value === null;
  if (boolMatch !== undefined) return (value) => value === boolMatch;
  if (presentMatch !== undefined) return (value) => (value !== undefined) === presentMatch;
  if (doubleMatch?.exact !== undefined) return (value) => value === doubleMatch.exact;
  if (stringMatch !== undefined) {
    const matches = readString(stringMatch, `${path}.stringMatch`, issues);
    return (value) => typeof value === "string" && matches(value);
  }
  issues.push({ path, message: "must have nullMatch, stringMatch, boolMatch, presentMatch or doubleMatch.exact" });
  return () => false;
}
