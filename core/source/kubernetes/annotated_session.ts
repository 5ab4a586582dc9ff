import { type ParsedSession, parseSession, type ParseSessionOptions } from "../../session/parse_session.ts";
import type { Issue } from "../../signalbox_error.ts";
import { KEY_PREFIX } from "./kubernetes_pod.ts";

/** What of an object of Kubernetes says which session it is. */
export interface Annotated {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Where its traffic goes, which is not said by annotations alone. */
export interface AnnotatedBackends {
  /** As in a registration: `address` and `port`, or `backends`. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Why `port` could not be found out; the parser is then not asked about it. */
  readonly portProblem?: string;
}

/** Where the fields of a registration stand in an object. Issues are told by these. */
const PLACES: Readonly<Record<string, string>> = {
  id: `${KEY_PREFIX}session`,
  host: `${KEY_PREFIX}host`,
  aliases: `${KEY_PREFIX}aliases`,
  address: "status.podIP",
  port: `${KEY_PREFIX}port`,
  backends: "endpoints",
  groups: `${KEY_PREFIX}groups`,
  plugins: `${KEY_PREFIX}plugins`,
  labels: "metadata.labels",
};
const KNOWN_KEYS = Object.values(PLACES).filter((place) => place.startsWith(KEY_PREFIX));

/** What the object says of a field: an annotation comes before a label. */
export function readField({ annotations, labels }: Annotated, field: string): string | undefined {
  const key = PLACES[field] ?? "";
  return annotations[key] ?? labels[key];
}

/**
 * The session that an object asks for by its annotations and labels `signalbox.dev/…`. The session's labels are the
 * object's others. Issues name the annotation, or what else they are about.
 */
export function readAnnotatedSession(
  object: Annotated,
  { fields: backends, portProblem }: AnnotatedBackends,
  parsing: Pick<ParseSessionOptions, "domain" | "groups">,
): ParsedSession {
  const plugins = readJson(readField(object, "plugins"));
  const fields = {
    id: readField(object, "id") ?? object.name,
    host: readField(object, "host"),
    aliases: readList(readField(object, "aliases")),
    ...backends,
    groups: readList(readField(object, "groups")),
    plugins: plugins.value,
    labels: Object.fromEntries(Object.entries(object.labels).filter(([key]) => !key.startsWith(KEY_PREFIX))),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = parseSession(given, parsing);
  const issues = findUnknownKeys(object);
  if (portProblem !== undefined) issues.push({ path: `${KEY_PREFIX}port`, message: portProblem });
  if (plugins.problem !== undefined) issues.push({ path: `${KEY_PREFIX}plugins`, message: plugins.problem });
  if (!parsed.ok) {
    // Of what could not even be read, the parser says only that it is missing.
    const unread = portProblem === undefined ? [] : ["address", "port"];
    const rest = parsed.issues.filter(({ path }) => !unread.includes(path));
    issues.push(...rest.map(toPlacedIssue));
  }
  return parsed.ok && issues.length === 0 ? parsed : { ok: false, issues };
}

/** What is misspelt would be passed over in silence. */
function findUnknownKeys({ annotations, labels }: Annotated): Issue[] {
  return [...Object.keys(annotations), ...Object.keys(labels)]
    .filter((key) => key.startsWith(KEY_PREFIX) && !KNOWN_KEYS.includes(key))
    .map((path) => ({ path, message: `is not a known key; there are ${KNOWN_KEYS.join(", ")}` }));
}

function readList(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function readJson(text: string | undefined): { readonly value: unknown; readonly problem?: string } {
  try {
    return { value: text === undefined ? undefined : JSON.parse(text) };
  } catch (thrown) {
    return { value: undefined, problem: `must be JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}

/** `aliases[1]` is `signalbox.dev/aliases[1]`. */
function toPlacedIssue({ path, message }: Issue): Issue {
  const [field = ""] = /^\w*/.exec(path) ?? [];
  return { path: `${PLACES[field] ?? field}${path.slice(field.length)}`, message };
}
