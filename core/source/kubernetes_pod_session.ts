import { type ParsedSession, parseSession, type ParseSessionOptions } from "../session/parse_session.ts";
import type { Issue } from "../signalbox_error.ts";
import { KEY_PREFIX, type Pod } from "./kubernetes_pod.ts";

export interface PodSessionOptions {
  readonly parsing: Pick<ParseSessionOptions, "domain" | "groups">;
  /** Of pods that name none; absent: the one that their containers declare, where it is one alone. */
  readonly port?: number;
}

/** Where the fields of a registration stand in a pod. Issues are told by these. */
const PLACES: Readonly<Record<string, string>> = {
  id: `${KEY_PREFIX}session`,
  host: `${KEY_PREFIX}host`,
  aliases: `${KEY_PREFIX}aliases`,
  address: "status.podIP",
  port: `${KEY_PREFIX}port`,
  groups: `${KEY_PREFIX}groups`,
  plugins: `${KEY_PREFIX}plugins`,
  labels: "metadata.labels",
};
const KNOWN_KEYS = Object.values(PLACES).filter((place) => place.startsWith(KEY_PREFIX));

type Read<T> = { readonly value: T | undefined; readonly problem?: string };

/**
 * The session that a pod with an IP asks for, by its annotations and labels `signalbox.dev/…` (an annotation comes before
 * a label). The session's labels are the pod's others. Issues name the annotation, or what else they are about.
 */
export function readPodSession(pod: Pod, { parsing, port: otherwise }: PodSessionOptions): ParsedSession {
  const said = (field: string) => pod.annotations[PLACES[field] ?? ""] ?? pod.labels[PLACES[field] ?? ""];
  const port = readPort(said("port"), pod, otherwise);
  const plugins = readJson(said("plugins"));
  const fields = {
    id: said("id") ?? pod.name,
    host: said("host"),
    aliases: readList(said("aliases")),
    address: pod.ip,
    port: port.value,
    groups: readList(said("groups")),
    plugins: plugins.value,
    labels: Object.fromEntries(Object.entries(pod.labels).filter(([key]) => !key.startsWith(KEY_PREFIX))),
  };
  const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
  const parsed = parseSession(given, parsing);
  const issues = findUnknownKeys(pod);
  if (port.problem !== undefined) issues.push({ path: `${KEY_PREFIX}port`, message: port.problem });
  if (plugins.problem !== undefined) issues.push({ path: `${KEY_PREFIX}plugins`, message: plugins.problem });
  if (!parsed.ok) {
    // Of what could not even be read, the parser says only that it is missing.
    const rest = parsed.issues.filter(({ path }) => path !== "port" || port.problem === undefined);
    issues.push(...rest.map(toPodIssue));
  }
  return parsed.ok && issues.length === 0 ? parsed : { ok: false, issues };
}

/** What is misspelt would be passed over in silence. */
function findUnknownKeys({ annotations, labels }: Pod): Issue[] {
  return [...Object.keys(annotations), ...Object.keys(labels)]
    .filter((key) => key.startsWith(KEY_PREFIX) && !KNOWN_KEYS.includes(key))
    .map((path) => ({ path, message: `is not a known key; there are ${KNOWN_KEYS.join(", ")}` }));
}

function readList(text: string | undefined): readonly string[] | undefined {
  return text?.split(",").map((item) => item.trim()).filter((item) => item !== "");
}

function readJson(text: string | undefined): Read<unknown> {
  try {
    return { value: text === undefined ? undefined : JSON.parse(text) };
  } catch (thrown) {
    return { value: undefined, problem: `must be JSON: ${thrown instanceof Error ? thrown.message : String(thrown)}` };
  }
}

/** A number or the name of a container's port; without it what the config says, or else the only port that there is. */
function readPort(text: string | undefined, { ports }: Pod, otherwise: number | undefined): Read<number> {
  if (text !== undefined && /^\d+$/.test(text)) return { value: Number(text) };
  if (text !== undefined) {
    const named = ports.find(({ name }) => name === text);
    if (named) return { value: named.port };
    return { value: undefined, problem: `must be a number or the name of a container's port, got "${text}"` };
  }
  const only = ports.length === 1 ? ports[0]?.port : undefined;
  const value = otherwise ?? only;
  return value === undefined
    ? { value, problem: "is required: the containers do not declare one port alone" }
    : { value };
}

/** `aliases[1]` is `signalbox.dev/aliases[1]`. */
function toPodIssue({ path, message }: Issue): Issue {
  const [field = ""] = /^\w*/.exec(path) ?? [];
  return { path: `${PLACES[field] ?? field}${path.slice(field.length)}`, message };
}
