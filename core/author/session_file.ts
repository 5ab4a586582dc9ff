import { parse } from "yaml";
import { parseSession } from "../session/parse_session.ts";
import { joinPath } from "../proto/bad_field.ts";
import type { Session } from "../session/session.ts";
import { type Issue, SignalboxError } from "../signalbox_error.ts";

/** What the tasks API says of a session beyond what was registered. */
const ONLY_SHOWN = ["cluster", "generation", "expiresAt"];

/**
 * Sessions as a file has them, YAML or JSON: one registration, a list of them, or `tasks` as the tasks API and
 * `sessions list --json` print them. Throws `invalid_request` with everything that is wrong with any of them.
 */
export function parseSessionFile(text: string, { domain }: { readonly domain: string }): readonly Session[] {
  const issues: Issue[] = [];
  const sessions = registrationsOf(text).flatMap(({ registration, place }) => {
    const parsed = parseSession(withoutShown(registration), { domain });
    if (parsed.ok) return [parsed.session];
    issues.push(...parsed.issues.map(({ path, message }) => ({ path: joinPath(place, path), message })));
    return [];
  });
  if (issues.length > 0) {
    throw new SignalboxError("invalid_request", "Cannot read the sessions: some are not acceptable", { issues });
  }
  return sessions;
}

interface Placed {
  readonly registration: unknown;
  /** As in `[0]`; empty where it is alone in the file. */
  readonly place: string;
}

function registrationsOf(text: string): readonly Placed[] {
  let content: unknown;
  try {
    content = parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError("malformed_request", `Cannot read the sessions: ${reason}`, { cause });
  }
  const object = typeof content === "object" && content !== null ? content : {};
  if ("id" in object) return [{ registration: content, place: "" }];
  const list = "tasks" in object ? object.tasks : content;
  if (Array.isArray(list)) return list.map((registration, index) => ({ registration, place: `[${index}]` }));
  const forms = 'a session with an "id", a list of them, or "tasks" with one';
  throw new SignalboxError("invalid_request", `Cannot read the sessions: must be ${forms}`);
}

function withoutShown(registration: unknown): unknown {
  if (typeof registration !== "object" || registration === null || Array.isArray(registration)) return registration;
  return Object.fromEntries(Object.entries(registration).filter(([key]) => !ONLY_SHOWN.includes(key)));
}
