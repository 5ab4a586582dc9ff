import type { Issue } from "../signalbox_error.ts";
import { canonicalHost } from "./host.ts";
import { formatPath } from "./issue_path.ts";
import { findJsonIssue } from "./json_value.ts";
import { type Registration, registrationSchema } from "./registration_schema.ts";
import type { Backend, ServicePort, Session } from "./session.ts";
import { listIssues, PLAIN_MESSAGES } from "./zod_issues.ts";

export type ParsedSession =
  | { readonly ok: true; readonly session: Session }
  | { readonly ok: false; readonly issues: readonly Issue[] };

export interface ParseSessionOptions {
  /** A session's host is `<id>.<domain>` where it asks for no other. */
  readonly domain: string;
  /** The groups of Envoys that there are; absent: any name will do. */
  readonly groups?: readonly string[];
  /** Where the Services are that a session may lead to, or `*`; absent: it may lead to none. */
  readonly serviceNamespaces?: readonly string[];
  /** The id where it is known already, as from a path: an input that leaves it out has it, another is an issue. */
  readonly id?: string;
}

/** What is known of sessions of all sources. */
export type SessionParsing = Omit<ParseSessionOptions, "id">;

/**
 * A registration, from whichever source, as the session that it asks for. It may have `address` and `port`, or `backends`,
 * or a `service`; with that it has no backends yet.
 * An input that is refused comes with everything that is wrong with it.
 */
export function parseSession(input: unknown, options: ParseSessionOptions): ParsedSession {
  const body = isObject(input) ? input : undefined;
  const named = body !== undefined && body.id === undefined && options.id !== undefined
    ? { ...body, id: options.id }
    : input;
  const parsed = registrationSchema.safeParse(named, PLAIN_MESSAGES);
  const issues: Issue[] = [];
  if (body !== undefined) issues.push(...checkId(body, options.id), ...checkBackendForm(body), ...checkOpenParts(body));
  if (!parsed.success) return { ok: false, issues: [...listIssues(parsed.error), ...issues] };

  const backends = backendsOf(parsed.data);
  const service = readService(parsed.data, options.serviceNamespaces);
  const host = hostOf(parsed.data, options.domain);
  issues.push(...findRepeated(backends), ...findUnknownGroups(parsed.data, options.groups));
  if (service?.ok === false) issues.push(service.issue);
  if (!host.ok) issues.push({ path: "host", message: host.message });
  if (issues.length > 0 || !host.ok || service?.ok === false) return { ok: false, issues };
  return { ok: true, session: complete(parsed.data, { backends, service: service?.place, host: host.text }) };
}

function isObject(input: unknown): input is Readonly<Record<string, unknown>> {
  return typeof input === "object" && input !== null && !Array.isArray(input);
}

function checkId(body: Readonly<Record<string, unknown>>, id: string | undefined): readonly Issue[] {
  if (id === undefined || body.id === undefined || body.id === id) return [];
  return [{ path: "id", message: `must be ${JSON.stringify(id)}, as the request says elsewhere, or be left out` }];
}

function checkBackendForm(body: Readonly<Record<string, unknown>>): readonly Issue[] {
  const alone = "is required, for there are no backends";
  const has = (key: string) => body[key] !== undefined;
  if (has("service")) {
    const message = "must be left out where there is a service";
    return ["address", "port", "backends"].filter(has).map((path) => ({ path, message }));
  }
  if (has("backends")) {
    const message = "must be left out where there are backends";
    return ["address", "port"].filter(has).map((path) => ({ path, message }));
  }
  return ["address", "port"].filter((key) => !has(key)).map((path) => ({ path, message: alone }));
}

/** The schema leaves values for plugins open, and silently drops a key `__proto__`. */
function checkOpenParts(body: Readonly<Record<string, unknown>>): readonly Issue[] {
  return ["labels", "plugins"].flatMap((key) => {
    const issue = body[key] === undefined ? undefined : findJsonIssue(body[key], [key]);
    return issue === undefined ? [] : [{ path: formatPath(issue.path), message: issue.message }];
  });
}

function backendsOf({ address, port, backends }: Registration): readonly Backend[] {
  if (backends !== undefined) return backends;
  return address === undefined || port === undefined ? [] : [{ address, port, weight: 1 }];
}

function findRepeated(backends: readonly Backend[]): readonly Issue[] {
  const first = new Map<string, number>();
  return backends.flatMap(({ address, port }, i) => {
    const key = `${address} ${port}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, i);
    return earlier === undefined ? [] : [{ path: `backends[${i}]`, message: `is the same as backends[${earlier}]` }];
  });
}

function findUnknownGroups({ groups = [] }: Registration, known: readonly string[] | undefined): readonly Issue[] {
  return groups.flatMap((group, i) => {
    if (known === undefined || known.includes(group)) return [];
    return [{ path: `groups[${i}]`, message: `there is no group "${group}", only ${known.join(", ")}` }];
  });
}

type ReadService =
  | { readonly ok: true; readonly place: ServicePort }
  | { readonly ok: false; readonly issue: Issue };

/** `undefined` where there is none. */
function readService({ service }: Registration, namespaces: readonly string[] | undefined): ReadService | undefined {
  if (service === undefined) return undefined;
  const refuse = (path: string, message: string): ReadService => ({ ok: false, issue: { path, message } });
  if (!namespaces) return refuse("service", "is not possible: the config has no kubernetes.endpoints");
  const isAny = namespaces.includes("*");
  const { namespace = isAny || namespaces.length > 1 ? undefined : namespaces[0], name, port } = service;
  if (namespace === undefined) {
    return refuse("service.namespace", "is required: kubernetes.endpoints in the config has more than one");
  }
  if (isAny || namespaces.includes(namespace)) return { ok: true, place: { namespace, name, port } };
  const known = namespaces.join(", ");
  return refuse("service.namespace", `must be one of kubernetes.endpoints in the config, ${known}, got "${namespace}"`);
}

function hostOf({ id, host }: Registration, domain: string) {
  return host === undefined ? canonicalHost(`${id}.${domain}`) : { ok: true, text: host } as const;
}

function complete(
  registration: Registration,
  { backends, service, host }: {
    readonly backends: readonly Backend[];
    readonly service: ServicePort | undefined;
    readonly host: string;
  },
): Session {
  const { id, aliases = [], groups, labels = {}, plugins = {}, ttl } = registration;
  return {
    id,
    host,
    aliases: [...new Set(aliases)].filter((alias) => alias !== host).sort(),
    backends,
    ...(service === undefined ? {} : { service }),
    ...(groups === undefined ? {} : { groups: [...new Set(groups)].sort() }),
    labels: sortByKey(labels),
    plugins: sortByKey(plugins),
    ...(ttl === undefined ? {} : { ttlMs: ttl }),
  };
}

function sortByKey<T>(record: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => a < b ? -1 : 1));
}
