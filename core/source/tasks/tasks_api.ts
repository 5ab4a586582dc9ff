import { readJsonBody } from "../../http/json_body.ts";
import { queryOf } from "../../http/query.ts";
import { addPath, type Router } from "../../http/router.ts";
import { parseSession, type SessionParsing } from "../../session/parse_session.ts";
import type { SessionTable } from "../../session/session_table.ts";
import { listIssues, PLAIN_MESSAGES } from "../../session/zod_issues.ts";
import { SignalboxError } from "../../signalbox_error.ts";
import type { Operation, Outcome } from "../operation.ts";
import type { Receipts } from "../receipts.ts";
import type { Committed } from "../registrar.ts";
import { parseListQuery } from "./list_query.ts";
import { receiptResponse } from "./receipt_response.ts";
import { taskReferenceSchema, toTask } from "./task_json.ts";
import { notAcceptable, operationsOf, parseBatch, toBatchResult } from "./tasks_batch.ts";
import { parseWaitQuery } from "./wait_query.ts";

export interface TasksApiOptions {
  readonly registrar: { submit(operations: readonly Operation[]): Promise<Committed> };
  readonly table: Pick<SessionTable, "get" | "list">;
  readonly receipts: Receipts;
  readonly parsing: SessionParsing;
}

const MAX_TASK_BYTES = 1024 * 1024;
const MAX_BATCH_BYTES = 32 * 1024 * 1024;

/** Sessions over HTTP. What it answers is durable; "task" is what the API has always called a session. */
export function addTasksApi(router: Router, { registrar, table, receipts, parsing }: TasksApiOptions): void {
  async function register(request: Request, id?: string): Promise<Response> {
    const wait = waitOf(request);
    const body = await readJsonBody(request, { maxBytes: MAX_TASK_BYTES });
    const parsed = parseSession(body, id === undefined ? parsing : { ...parsing, id });
    if (!parsed.ok) throw notAcceptable(parsed.issues);
    const { session } = parsed;
    const { outcomes: [outcome] } = await registrar.submit([{ kind: "register", session }]);
    const { task, ...answer } = registered(outcome);
    if (wait === undefined) return Response.json(task, answer);
    return receiptResponse(task, await receipts.waitForSession(session, wait.timeoutMs), answer);
  }

  async function remove(request: Request, id: string): Promise<Response> {
    const wait = waitOf(request);
    const { generation, outcomes: [outcome] } = await registrar.submit([{ kind: "deregister", id }]);
    if (outcome?.status === "refused") throw outcome.error;
    if (wait === undefined) return Response.json({ id, generation });
    return receiptResponse({ id, generation }, await receipts.waitForSession({ id }, wait.timeoutMs), { status: 200 });
  }

  addPath(router, "/xds/tasks", {
    GET({ req }) {
      const { records, next } = table.list(parseListQuery(queryOf(req)));
      const tasks = records.map(toTask);
      return Response.json(next === undefined ? { tasks } : { tasks, next });
    },
    POST: ({ req }) => register(req.raw),
    async DELETE({ req }) {
      const body = await readJsonBody(req.raw, { maxBytes: MAX_TASK_BYTES });
      const parsed = taskReferenceSchema.safeParse(body, PLAIN_MESSAGES);
      if (parsed.success) return remove(req.raw, parsed.data.id);
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
      return Response.json({ ...toTask(record), delivery: receipts.ofSession(record.session) });
    },
    PUT: ({ req }) => register(req.raw, req.param("id")),
    DELETE: ({ req }) => remove(req.raw, req.param("id") ?? ""),
  });

  // The braces keep the colon from beginning a parameter.
  addPath(router, "/xds/:batch{tasks:batch}", {
    async POST({ req }) {
      const wait = waitOf(req.raw);
      const batch = parseBatch(await readJsonBody(req.raw, { maxBytes: MAX_BATCH_BYTES }), parsing);
      const committed = await registrar.submit(operationsOf(batch));
      const result = toBatchResult(batch, committed);
      const delivery = wait && await receipts.waitForGeneration(committed.generation, wait.timeoutMs);
      if (delivery === undefined) return Response.json(result);
      // Each session's own state is in its result, a rejection too: the batch is not one thing that is refused.
      const tasks = result.tasks.map((item) =>
        "task" in item ? { ...item, delivery: receipts.ofSession(item.task) } : item
      );
      return Response.json({ ...result, tasks, delivery }, { status: delivery.state === "live" ? 200 : 202 });
    },
  });

  addPath(router, "/openapi.json", {
    // Made when somebody asks: no start should wait for it.
    GET: async () => Response.json((await import("./openapi.ts")).buildOpenApi()),
  });
}

const waitOf = (request: Request) => parseWaitQuery(queryOf(request));

function registered(outcome: Outcome | undefined) {
  if (outcome?.status === "refused") throw outcome.error;
  if (outcome === undefined || outcome.status === "deleted") throw new TypeError("A registration has no outcome");
  const task = toTask(outcome.record);
  return { task, status: outcome.status === "created" ? 201 : 200, headers: { location: `/xds/tasks/${task.id}` } };
}
