import { toProblem } from "../../http/problem.ts";
import { parseSession, type SessionParsing } from "../../session/parse_session.ts";
import { listIssues, PLAIN_MESSAGES } from "../../session/zod_issues.ts";
import { ERROR_CODES, SignalboxError } from "../../signalbox_error.ts";
import type { Operation, Outcome } from "../operation.ts";
import type { Committed } from "../registrar.ts";
import { batchSchema, MAX_BATCH, taskReferenceSchema, toTask } from "./task_json.ts";

/** An item of a batch: what is to be done, or why it cannot be. */
type Item = { readonly id?: string } & ({ readonly operation: Operation } | { readonly error: SignalboxError });

export interface Batch {
  readonly delete: readonly Item[];
  readonly tasks: readonly Item[];
}

/** A batch as it was sent. Throws `invalid_request` where it is none; what is wrong with an item is in the item. */
export function parseBatch(body: unknown, parsing: SessionParsing): Batch {
  const parsed = batchSchema.safeParse(body, PLAIN_MESSAGES);
  const refuse = (issues: SignalboxError["issues"]) =>
    new SignalboxError("invalid_request", "Cannot do the batch: it is not acceptable", { issues });
  if (!parsed.success) throw refuse(listIssues(parsed.error));
  const { tasks, delete: ids } = parsed.data;
  if (tasks.length + ids.length > MAX_BATCH) {
    throw refuse([{ path: "", message: `must have at most ${MAX_BATCH} items, got ${tasks.length + ids.length}` }]);
  }
  return { delete: ids.map(parseRemoval), tasks: tasks.map((task) => parseTask(task, parsing)) };
}

function parseRemoval(input: unknown): Item {
  const parsed = taskReferenceSchema.shape.id.safeParse(input, PLAIN_MESSAGES);
  if (parsed.success) return { id: parsed.data, operation: { kind: "deregister", id: parsed.data } };
  return withId(
    input,
    new SignalboxError("invalid_request", "Cannot remove the session: its id is not acceptable", {
      issues: listIssues(parsed.error),
    }),
  );
}

function parseTask(input: unknown, parsing: SessionParsing): Item {
  const parsed = parseSession(input, parsing);
  if (parsed.ok) return { id: parsed.session.id, operation: { kind: "register", session: parsed.session } };
  const id = typeof input === "object" && input !== null && "id" in input ? input.id : undefined;
  return withId(id, notAcceptable(parsed.issues));
}

function withId(id: unknown, error: SignalboxError): Item {
  return typeof id === "string" ? { id, error } : { error };
}

/** A registration that is refused. */
export function notAcceptable(issues: SignalboxError["issues"]): SignalboxError {
  return new SignalboxError("invalid_request", "Cannot register the session: it is not acceptable", { issues });
}

/** The operations of a batch, in the order in which they are to be done. */
export function operationsOf({ delete: removals, tasks }: Batch): readonly Operation[] {
  return [...removals, ...tasks].flatMap((item) => "operation" in item ? [item.operation] : []);
}

/** What came of a batch, in its order. `committed` has an outcome for each of `operationsOf(batch)`. */
export function toBatchResult(batch: Batch, { generation, outcomes }: Committed) {
  const rest = outcomes.values();
  const results = (items: readonly Item[]) =>
    items.map((item) => {
      const id = item.id === undefined ? {} : { id: item.id };
      if ("error" in item) return { ...id, ...toResult({ status: "refused", error: item.error }) };
      const { value: outcome } = rest.next();
      if (outcome === undefined) throw new TypeError("An operation has no outcome");
      return { ...id, ...toResult(outcome) };
    });
  return { generation, delete: results(batch.delete), tasks: results(batch.tasks) };
}

function toResult(outcome: Outcome) {
  switch (outcome.status) {
    case "refused":
      return {
        outcome: outcome.status,
        status: ERROR_CODES[outcome.error.code].http,
        problem: toProblem(outcome.error),
      };
    case "deleted":
      return { outcome: outcome.status, status: 200 };
    default:
      return {
        outcome: outcome.status,
        status: outcome.status === "created" ? 201 : 200,
        task: toTask(outcome.record),
      };
  }
}
