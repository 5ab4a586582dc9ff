import { readJsonBody } from "../http/json_body.ts";
import { addPath, type Router } from "../http/router.ts";
import { parseSession } from "../session/parse_session.ts";
import type { SessionTable } from "../session/session_table.ts";
import { listIssues, PLAIN_MESSAGES } from "../session/zod_issues.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { parseListQuery } from "./list_query.ts";
import type { Operation, Outcome } from "./operation.ts";
import type { Committed } from "./registrar.ts";
import { taskReferenceSchema, toTask } from "./task_json.ts";
import { notAcceptable, operationsOf, parseBatch, toBatchResult } from "./tasks_batch.ts";

export interface TasksApiOptions {
  readonly registrar: { submit(operations: readonly Operation[]): Promise<Committed> };
  readonly table: Pick<SessionTable, "get" | "list">;
  /** As in `ParseSessionOptions`. */
  readonly domain: string;
}

const MAX_TASK_BYTES = 1024 * 1024;
const MAX_BATCH_BYTES = 32 * 1024 * 1024;

/** Sessions over HTTP. What it answers is durable; "task" is what the API has always called a session. */
export function addTasksApi(router: Router, { registrar, table, domain }: TasksApiOptions): void {
  async function register(request: Request, id?: string): Promise<Response> {
    const body = await readJsonBody(request, { maxBytes: MAX_TASK_BYTES });
    const parsed = parseSession(body, id === undefined ? { domain } : { domain, id });
    if (!parsed.ok) throw notAcceptable(parsed.issues);
    const { session } = parsed;
    const { outcomes: [outcome] } = await registrar.submit([{ kind: "register", session }]);
    return registered(outcome);
  }

  async function remove(id: string): Promise<Response> {
    const { generation, outcomes: [outcome] } = await registrar.submit([{ kind: "deregister", id }]);
    if (outcome?.status === "refused") throw outcome.error;
    return Response.json({ id, generation });
  }

  addPath(router, "/xds/tasks", {
    GET({ req }) {
      const { records, next } = table.list(parseListQuery(new URL(req.url).searchParams));
      const tasks = records.map(toTask);
      return Response.json(next === undefined ? { tasks } : { tasks, next });
    },
    POST: ({ req }) => register(req.raw),
    async DELETE({ req }) {
      const body = await readJsonBody(req.raw, { maxBytes: MAX_TASK_BYTES });
      const parsed = taskReferenceSchema.safeParse(body, PLAIN_MESSAGES);
      if (parsed.success) return remove(parsed.data.id);
      throw new SignalboxError("invalid_request", "Cannot remove the session: its id is not acceptable", {
        issues: listIssues(parsed.error),
      });
    },
  });

  addPath(router, "/xds/tasks/:id", {
    GET({ req }) {
      const id = req.param("id") ?? "";
      const record = table.get(id);
      if (record === undefined) throw new SignalboxError("not_found", `Cannot get session "${id}": there is none`);
      return Response.json(toTask(record));
    },
    PUT: ({ req }) => register(req.raw, req.param("id")),
    DELETE: ({ req }) => remove(req.param("id") ?? ""),
  });

  // The braces keep the colon from beginning a parameter.
  addPath(router, "/xds/:batch{tasks:batch}", {
    async POST({ req }) {
      const batch = parseBatch(await readJsonBody(req.raw, { maxBytes: MAX_BATCH_BYTES }), { domain });
      return Response.json(toBatchResult(batch, await registrar.submit(operationsOf(batch))));
    },
  });

  addPath(router, "/openapi.json", {
    // Made when somebody asks: no start should wait for it.
    GET: async () => Response.json((await import("./openapi.ts")).buildOpenApi()),
  });
}

function registered(outcome: Outcome | undefined): Response {
  if (outcome?.status === "refused") throw outcome.error;
  if (outcome === undefined || outcome.status === "deleted") throw new TypeError("A registration has no outcome");
  const task = toTask(outcome.record);
  const headers = { location: `/xds/tasks/${task.id}` };
  return Response.json(task, { status: outcome.status === "created" ? 201 : 200, headers });
}
