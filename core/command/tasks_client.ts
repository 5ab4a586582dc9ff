import { z } from "zod";
import { ERROR_CODES, type ErrorCode, SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";
import { connectionFailure } from "./connection_failure.ts";

const shownDelivery = z.looseObject({
  state: z.string(),
  envoys: z.array(z.looseObject({ node: z.string(), state: z.string(), ms: z.number().optional() })),
});

export type ShownDelivery = z.output<typeof shownDelivery>;

/** What is shown of a session as the tasks API has it; a newer server may say more. */
const shownSession = z.looseObject({
  id: z.string(),
  host: z.string(),
  aliases: z.array(z.string()).default([]),
  backends: z.array(z.looseObject({ address: z.string(), port: z.int(), weight: z.int().default(1) })),
  labels: z.record(z.string(), z.string()).default({}),
  expiresAt: z.string().optional(),
});

export type ShownSession = z.output<typeof shownSession>;

const answer = z.looseObject({ delivery: shownDelivery.optional() });

/** How a session came to what is served of it. */
const shownExplanation = z.looseObject({
  id: z.string(),
  served: z.string(),
  steps: z.array(z.looseObject({
    plugin: z.string(),
    hook: z.string(),
    before: z.array(z.unknown()),
    after: z.array(z.unknown()),
  })),
  failures: z.array(z.looseObject({
    plugin: z.string().optional(),
    hook: z.string().optional(),
    path: z.string(),
    message: z.string(),
  })),
});

export type ShownExplanation = z.output<typeof shownExplanation>;

const page = z.looseObject({ tasks: z.array(shownSession), next: z.string().optional() });

const removedSession = answer.extend({ id: z.string() });

const problem = z.object({
  title: z.string().optional(),
  detail: z.string().optional(),
  code: z.string().optional(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })).default([]),
});

/** Longer than the longest wait. */
const TIMEOUT_MS = 90_000;
const PAGE_SIZE = 1_000;

/** The tasks API of the Signalbox at `baseUrl`. Every method throws `SignalboxError`, with the server's code and issues. */
export interface TasksClient {
  /** All sessions that have all of `labels` (each as `key=value`), page after page. */
  list(labels: readonly string[]): Promise<readonly ShownSession[]>;
  get(id: string): Promise<ShownSession>;
  /**
   * `created` is false where the session was there before, as it is now or otherwise; absent where the server did not say,
   * since it is not live yet. `wait` is how long to wait for Envoys, as in `10s`, and brings the delivery.
   */
  add(body: unknown, wait?: string): Promise<
    {
      readonly created: boolean | undefined;
      readonly session: ShownSession;
      readonly delivery: ShownDelivery | undefined;
    }
  >;
  remove(id: string, wait?: string): Promise<{ readonly id: string; readonly delivery?: ShownDelivery | undefined }>;
  explain(id: string): Promise<ShownExplanation>;
}

export function createTasksClient(baseUrl: string, io: Pick<CommandIo, "fetch">): TasksClient {
  const url = (path: string, wait?: string) => {
    const target = new URL(`${baseUrl.replace(/\/+$/, "")}/xds/tasks${path}`);
    if (wait !== undefined) {
      target.searchParams.set("wait", "live");
      target.searchParams.set("timeout", wait);
    }
    return target;
  };

  async function request(action: string, target: URL, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await io.fetch(target, { ...init, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (cause) {
      const state = cause instanceof DOMException && cause.name === "TimeoutError"
        ? `no answer within ${TIMEOUT_MS / 1000} s`
        : connectionFailure(baseUrl, cause);
      throw new SignalboxError("not_ready", `Cannot reach Signalbox at "${baseUrl}": ${state}`, { cause });
    }
    if (!response.ok) throw await toError(action, response);
    return response;
  }

  return {
    async list(labels) {
      const sessions: ShownSession[] = [];
      let after: string | undefined;
      do {
        const target = url("");
        target.searchParams.set("limit", String(PAGE_SIZE));
        for (const label of labels) target.searchParams.append("label", label);
        if (after !== undefined) target.searchParams.set("after", after);
        const { tasks, next } = await read(page, await request("Cannot list sessions", target));
        sessions.push(...tasks);
        after = next;
      } while (after !== undefined);
      return sessions;
    },
    async get(id) {
      return read(shownSession, await request(`Cannot get session "${id}"`, url(`/${encodeURIComponent(id)}`)));
    },
    async add(body, wait) {
      const response = await request("Cannot add session", url("", wait), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const session = await read(shownSession.extend({ delivery: shownDelivery.optional() }), response);
      const created = response.status === 202 ? undefined : response.status === 201;
      return { created, session, delivery: session.delivery };
    },
    async remove(id, wait) {
      const target = url(`/${encodeURIComponent(id)}`, wait);
      const response = await request(`Cannot remove session "${id}"`, target, { method: "DELETE" });
      return read(removedSession, response);
    },
    async explain(id) {
      const target = url(`/${encodeURIComponent(id)}/explain`);
      return read(shownExplanation, await request(`Cannot explain session "${id}"`, target));
    },
  };
}

async function read<T>(schema: z.ZodType<T>, response: Response): Promise<T> {
  const parsed = schema.safeParse(await json(response));
  if (parsed.success) return parsed.data;
  throw new SignalboxError("internal", `Cannot read the answer of "${response.url}": it is not Signalbox's`);
}

/** What could not be done in the server's words, which is said here in the caller's. */
const SERVERS_ACTION = /^Cannot (?:[^":]|"[^"]*")+: /;

async function toError(action: string, response: Response): Promise<SignalboxError> {
  const { data } = problem.safeParse(await json(response));
  const state = data?.detail?.replace(SERVERS_ACTION, "") ?? data?.title ??
    `the server answered ${response.status} ${response.statusText}`.trimEnd();
  return new SignalboxError(toCode(data?.code), `${action}: ${state}`, { issues: data?.issues ?? [] });
}

function toCode(code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code) ? code as ErrorCode : "internal";
}

/** Undefined where the body is no JSON, as a proxy's error page. */
async function json(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
