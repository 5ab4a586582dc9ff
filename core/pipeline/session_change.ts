import { isDeepStrictEqual } from "node:util";
import { parseSession } from "../session/parse_session.ts";
import type { Session } from "../session/session.ts";
import type { Issue } from "../signalbox_error.ts";
import type { Settled } from "./run_hooks.ts";

/**
 * What `session` hooks made of a session, in canonical form. It is read as a registration is, and must be the same
 * session with no host that it did not have: hosts were found to be nobody else's before the hooks ran.
 */
export function settleSession(given: Session, changed: readonly Session[]): Settled<Session> {
  const [session, another] = changed;
  if (session === undefined) return { ok: true, subjects: [] };
  if (another !== undefined) return refused([{ path: "", message: "must give back one session, or none" }]);

  const { ttlMs, service, ...registration } = session;
  const parsed = parseSession({ ...registration, host: session.host ?? "" }, { domain: "invalid" });
  if (!parsed.ok) return refused(parsed.issues);

  const issues: Issue[] = [];
  if (session.id !== given.id) issues.push({ path: "id", message: `must stay "${given.id}", is "${session.id}"` });
  if (ttlMs !== given.ttlMs) {
    issues.push({ path: "ttlMs", message: "must stay as it is: a lifetime is counted already" });
  }
  if (!isDeepStrictEqual(service, given.service)) {
    issues.push({ path: "service", message: "must stay as it is: its endpoints are the session's backends" });
  }
  if (!isDeepStrictEqual(session.groups, given.groups)) {
    issues.push({ path: "groups", message: "must stay as they are: a session goes where it was registered to go" });
  }
  const hosts = new Set([given.host, ...given.aliases]);
  const { host, aliases } = parsed.session;
  for (const [index, name] of [host, ...aliases].entries()) {
    if (hosts.has(name)) continue;
    const path = index === 0 ? "host" : `aliases[${index - 1}]`;
    issues.push({ path, message: `must be a host that the session was registered with, is "${name}"` });
  }
  if (issues.length > 0) return refused(issues);
  const kept = { ...(ttlMs === undefined ? {} : { ttlMs }), ...(service === undefined ? {} : { service }) };
  return { ok: true, subjects: [{ ...parsed.session, ...kept }] };
}

const refused = (issues: readonly Issue[]) => ({ ok: false, issues }) as const;
