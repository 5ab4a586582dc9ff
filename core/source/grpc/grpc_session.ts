import { formatDuration } from "../../duration.ts";
import type { Messages } from "../../proto/message_types.ts";
import { parseSession, type ParseSessionOptions } from "../../session/parse_session.ts";
import type { Session, SessionRecord } from "../../session/session.ts";
import { listIssues, PLAIN_MESSAGES } from "../../session/zod_issues.ts";
import { type Issue, SignalboxError } from "../../signalbox_error.ts";
import { taskReferenceSchema } from "../tasks/task_json.ts";
import { notAcceptable } from "../tasks/tasks_batch.ts";

type SessionMessage = Messages["signalbox.v1.Session"];

/** The session that is asked for. Throws `invalid_request` with all that is wrong, `issues` included. */
export function parseRegister(
  request: Messages["signalbox.v1.RegisterRequest"],
  { issues, ...parsing }: ParseSessionOptions & { readonly issues: readonly Issue[] },
): Session {
  const parsed = parseSession(toRegistration(request), parsing);
  if (parsed.ok && issues.length === 0) return parsed.session;
  throw notAcceptable([...parsed.ok ? [] : parsed.issues, ...issues]);
}

/** The id that is asked for. Throws `invalid_request` with all that is wrong, `issues` included. */
export function parseReference(
  { id }: { readonly id?: string | undefined },
  { action, issues }: { readonly action: "get" | "remove"; readonly issues: readonly Issue[] },
): string {
  const parsed = taskReferenceSchema.safeParse(present({ id }), PLAIN_MESSAGES);
  if (parsed.success && issues.length === 0) return parsed.data.id;
  throw new SignalboxError("invalid_request", `Cannot ${action} the session: the request is not acceptable`, {
    issues: [...parsed.success ? [] : listIssues(parsed.error), ...issues],
  });
}

/** A registration in the form in which `parseSession()` takes it from everybody. */
function toRegistration(request: Messages["signalbox.v1.RegisterRequest"]): unknown {
  const { id, address, port, backends, service, host, aliases, groups, labels, plugins, ttl } = request;
  return present({
    id,
    address,
    port,
    backends: backends?.map(present),
    service: service && present(service),
    host,
    aliases,
    groups,
    labels,
    plugins,
    ttl: ttl && durationText(ttl),
  });
}

/** Without what is absent; and in proto3 a text, a number or a list that is at its default is. */
function present(fields: object): object {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== "" && value !== 0 && !isEmpty(value)),
  );
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** As the REST API has it; a duration that it could not have is a text that it refuses. */
export function durationText({ seconds = 0, nanos = 0 }: Messages["google.protobuf.Duration"]): string {
  const ms = Number(seconds) * 1_000 + nanos / 1e6;
  return Number.isSafeInteger(ms) && ms >= 0 ? formatDuration(ms) : `${ms}ms`;
}

export function toSessionMessage({ session, generation, problem, expiresAtMs }: SessionRecord): SessionMessage {
  const { id, host, aliases, backends, service, groups = [], labels, plugins, ttlMs } = session;
  return {
    id,
    host,
    aliases: [...aliases],
    backends: [...backends],
    service,
    problem,
    groups: [...groups],
    labels,
    // The parser has seen to it that they are JSON.
    plugins: plugins as SessionMessage["plugins"],
    ttl: ttlMs === undefined ? undefined : sinceZero(ttlMs),
    expiresAt: expiresAtMs === undefined ? undefined : sinceZero(expiresAtMs),
    cluster: id,
    generation,
  };
}

/** A `Duration` or a `Timestamp`; `ms` from 0. */
function sinceZero(ms: number): { readonly seconds: number; readonly nanos: number } {
  const rest = ms % 1_000;
  return { seconds: (ms - rest) / 1_000, nanos: rest * 1e6 };
}
