import { z } from "zod";
import { formatDuration } from "../duration.ts";
import { type ParsedSession, parseSession, type SessionParsing } from "../session/parse_session.ts";
import type { Session, SessionRecord } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";
import { GROUP, RENEWED_AT, VERSION } from "./session_definition.ts";

/** A condition of an object's status (`meta/v1` Condition). */
export interface ObjectCondition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
  /** The generation of the object that it is about. */
  readonly observedGeneration?: number | undefined;
  readonly lastTransitionTime?: string | undefined;
}

/** A Session of the cluster. */
export interface SessionObject {
  readonly uid: string;
  readonly namespace: string;
  /** The session's id. */
  readonly name: string;
  readonly resourceVersion: string;
  /** Of the object's `spec`: other changes leave it as it is. */
  readonly generation: number;
  /** A whole second. */
  readonly createdAtMs: number;
  readonly annotated: boolean;
  readonly conditions: readonly ObjectCondition[];
  /** What it asks for. Issues are told by their places in the object, as in `spec.backends[0].port`. */
  readonly parsed: ParsedSession;
  /** Milliseconds since the epoch; present exactly when it asks for a session with a ttl. */
  readonly expiresAtMs?: number;
}

const objectSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    resourceVersion: z.string(),
    generation: z.int().optional(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.unknown(),
  status: z.object({
    conditions: z.array(z.object({
      type: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      observedGeneration: z.int().optional(),
      lastTransitionTime: z.string().optional(),
    })).nullish(),
  }).nullish(),
});

/** The object of a list, a watch or an answer; `undefined` for what is none, or is being deleted. */
export function parseSessionObject(
  value: unknown,
  parsing: SessionParsing,
): SessionObject | undefined {
  const read = objectSchema.safeParse(value);
  if (!read.success || read.data.metadata.deletionTimestamp) return undefined;
  const { metadata: { uid, namespace, name, resourceVersion, ...metadata }, spec, status } = read.data;
  const createdAtMs = Date.parse(metadata.creationTimestamp);
  const renewedAt = metadata.annotations?.[RENEWED_AT];
  const parsed = parseSpec(name, spec, renewedAt, parsing);
  return {
    uid,
    namespace,
    name,
    resourceVersion,
    generation: metadata.generation ?? 0,
    createdAtMs,
    annotated: Boolean(metadata.annotations),
    conditions: status?.conditions ?? [],
    parsed,
    ...(parsed.ok && parsed.session.ttlMs !== undefined
      ? { expiresAtMs: sinceMs(renewedAt, createdAtMs) + parsed.session.ttlMs }
      : {}),
  };
}

function parseSpec(
  name: string,
  spec: unknown,
  renewedAt: string | undefined,
  parsing: SessionParsing,
): ParsedSession {
  const issues: Issue[] = [];
  if (renewedAt !== undefined && Number.isNaN(Date.parse(renewedAt))) {
    issues.push({ path: `metadata.annotations["${RENEWED_AT}"]`, message: "must be a time as 2026-01-31T12:00:00Z" });
  }
  const body = typeof spec === "object" && spec !== null ? { ...spec, id: name } : spec;
  const parsed = parseSession(body, parsing);
  if (!parsed.ok) {
    issues.push(...parsed.issues.map(({ path, message }) => ({ path: placeOf(path), message })));
  }
  return parsed.ok && issues.length === 0 ? parsed : { ok: false, issues };
}

function placeOf(path: string): string {
  if (path === "id") return "metadata.name";
  return path === "" ? "spec" : `spec.${path}`;
}

/** A creation's second may have begun almost a second before it: nothing shall end early. */
function sinceMs(renewedAt: string | undefined, createdAtMs: number): number {
  return renewedAt === undefined ? createdAtMs + 1_000 : Date.parse(renewedAt);
}

/** What makes the object of a record that is new. */
export function toNewObject(record: SessionRecord): object {
  const renewed = renewedAt(record);
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: "Session",
    metadata: {
      name: record.session.id,
      ...(renewed === undefined ? {} : { annotations: { [RENEWED_AT]: renewed } }),
    },
    spec: toSpec(record.session),
  };
}

/** What makes an object say what the record does (JSON Patch), unless somebody else has changed it meanwhile. */
export function toPatch(record: SessionRecord, present: SessionObject): readonly object[] {
  const renewed = renewedAt(record);
  return [
    { op: "replace", path: "/metadata/resourceVersion", value: present.resourceVersion },
    { op: "replace", path: "/spec", value: toSpec(record.session) },
    ...(renewed === undefined || present.annotated ? [] : [{ op: "add", path: "/metadata/annotations", value: {} }]),
    ...(renewed === undefined
      ? []
      : [{ op: "add", path: `/metadata/annotations/${RENEWED_AT.replaceAll("/", "~1")}`, value: renewed }]),
  ];
}

function renewedAt({ session: { ttlMs }, expiresAtMs }: SessionRecord): string | undefined {
  return ttlMs === undefined || expiresAtMs === undefined ? undefined : new Date(expiresAtMs - ttlMs).toISOString();
}

/** The registration that the session was made of, or would have been. */
function toSpec({ host, aliases, backends, service, groups, labels, plugins, ttlMs }: Session): object {
  const [only] = backends;
  const alone = only !== undefined && backends.length === 1 && only.weight === 1;
  return {
    host,
    ...(service ? { service } : alone ? { address: only.address, port: only.port } : { backends }),
    ...(aliases.length === 0 ? {} : { aliases }),
    ...(groups === undefined ? {} : { groups }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(plugins).length === 0 ? {} : { plugins }),
    ...(ttlMs === undefined ? {} : { ttl: formatDuration(ttlMs) }),
  };
}
