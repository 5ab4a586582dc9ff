import {
  type Answer,
  type BatchOutcome,
  type NewTask,
  type TaskView,
  testTasks,
} from "../../../tests/suite/tasks_suite.ts";
import { parseDuration } from "../../duration.ts";
import type { Problem } from "../../http/problem.ts";
import { createRouter } from "../../http/router.ts";
import type { Delivery } from "../../observe/deliveries.ts";
import type { Task } from "./task_json.ts";
import { addTasksApi } from "./tasks_api.ts";

const body = ({ ttlMs, ...task }: NewTask) => ttlMs === undefined ? task : { ...task, ttl: `${ttlMs}ms` };

function toView({ ttl, expiresAt, ...task }: Task): TaskView {
  return {
    ...task,
    ...ttl !== undefined && { ttlMs: parseDuration(ttl) ?? NaN },
    ...expiresAt !== undefined && { expiresAtMs: Date.parse(expiresAt) },
  };
}

const refusal = ({ code, detail, issues }: Problem) => ({ code, message: detail, issues });

testTasks({
  name: "tasks API",
  connect({ registrar, table, receipts }, parsing) {
    const router = createRouter();
    addTasksApi(router, { registrar, table, receipts, parsing });

    async function ask<Body, T>(
      [method, path, body]: readonly [method: string, path: string, body?: unknown],
      read: (body: Body, status: number) => T,
    ): Promise<Answer<T>> {
      const content = body === undefined ? {} : {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      };
      const response = await router.fetch(new Request(`http://signalbox${path}`, { method, ...content }));
      return response.ok
        ? { ok: read(await response.json(), response.status) }
        : { refused: refusal(await response.json()) };
    }

    return Promise.resolve({
      register: (task) =>
        ask(["POST", "/xds/tasks", body(task)], (task: Task, status) => ({
          created: status === 201,
          task: toView(task),
        })),
      remove: (id) =>
        ask(["DELETE", `/xds/tasks/${id}`], (removed: { readonly id: string; readonly generation: number }) => removed),
      get: (id) =>
        ask(["GET", `/xds/tasks/${id}`], ({ delivery, ...task }: Task & { readonly delivery: Delivery }) => ({
          ...toView(task),
          state: delivery.state,
        })),
      list({ limit, after, labels = {} }) {
        const query = new URLSearchParams(Object.entries(labels).map(([key, value]) => ["label", `${key}=${value}`]));
        if (limit !== undefined) query.set("limit", String(limit));
        if (after !== undefined) query.set("after", after);
        return ask(
          ["GET", `/xds/tasks?${query}`],
          ({ tasks, ...page }: { readonly tasks: readonly Task[]; readonly next?: string }) => ({
            ids: tasks.map(({ id }) => id),
            ...page,
          }),
        );
      },
      batch(items) {
        const request = {
          delete: items.flatMap((item) => "remove" in item ? [item.remove] : []),
          tasks: items.flatMap((item) => "register" in item ? [body(item.register)] : []),
        };
        type Result = { readonly outcome: string; readonly problem?: Problem };
        const toOutcome = ({ outcome, problem }: Result): BatchOutcome => {
          if (problem !== undefined) return { code: problem.code, issues: problem.issues };
          return outcome === "deleted" ? "removed" : outcome === "created" ? "created" : "there";
        };
        return ask(
          ["POST", "/xds/tasks:batch", request],
          (result: { readonly generation: number; readonly delete: Result[]; readonly tasks: Result[] }) => ({
            generation: result.generation,
            outcomes: [...result.delete, ...result.tasks].map(toOutcome),
          }),
        );
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
});
