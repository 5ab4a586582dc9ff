import { parse } from "yaml";
import { parseSession } from "../session/parse_session.ts";
import { joinPath } from "../proto/bad_field.ts";
import type { Session } from "../session/session.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";

/** What the tasks API says of a session beyond what was registered. */
const ONLY_SHOWN = ["cluster", "generation", "expiresAt"];

/**
 * Sessions as a file has them, YAML or JSON: a list of registrations, or `tasks` as the tasks API and `sessions list --json`
 * print them. Throws `invalid_request` with everything that is wrong with any of them.
 */
export function parseSessionFile(text: string, { domain }: { readonly domain: string }): readonly Session[] {
  const issues: Issue[] = [];
  const sessions = listOf(text).flatMap((registration, index) => {
    const parsed = parseSession(withoutShown(registration), { domain });
    if (parsed.ok) return [parsed.session];
    const place = `[${index}]`;
    issues.push(...parsed.issues.map(({ path, message }) => ({ path: joinPath(place, path), message })));
    return [];
  });
  if (issues.length > 0) {
    throw new SignalboxError("invalid_request", "Cannot read the sessions: some are not acceptable", { issues });
  }
  return sessions;
}

function listOf(text: string): readonly unknown[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError("malformed_request", `Cannot read the sessions: ${reason}`, { cause });
  }
  const list = typeof content === "object" && content !== null && "tasks" in content ? content.tasks : content;
  if (Array.isArray(list)) return list;
  throw new SignalboxError("invalid_request", 'Cannot read the sessions: must be a list, or "tasks" with one');
}

function withoutShown(registration: unknown): unknown {
  if (typeof registration !== "object" || registration === null || Array.isArray(registration)) return registration;
  return Object.fromEntries(Object.entries(registration).filter(([key]) => !ONLY_SHOWN.includes(key)));
}
