import assert from "node:assert/strict";
import {
  type Answer,
  type BatchOutcome,
  type NewTask,
  type Refusal,
  type TaskView,
  testTasks,
} from "../../../tests/suite/tasks_suite.ts";
import { CallFailure, GrpcClient } from "../../grpc/testdata/grpc_client.ts";
import type { Messages } from "../../proto/message_types.ts";
import { ERROR_CODES } from "../../signalbox_error.ts";
import { startOpenGrpcApi } from "./testdata/grpc_api_bed.ts";
import { BATCH, DEREGISTER, GET, LIST, REGISTER } from "./testdata/grpc_methods.ts";

type Register = Messages["signalbox.v1.RegisterRequest"];

const toDuration = (ms: number) => ({ seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1e6 });
const toMs = ({ seconds = 0, nanos = 0 }: Messages["google.protobuf.Duration"]) =>
  Number(seconds) * 1_000 + nanos / 1e6;

/** As a client of another language would: nothing of it is JSON. */
function toRequest({ ttlMs, ...task }: NewTask): Register {
  return { ...structuredClone(task) as Register, ...ttlMs !== undefined && { ttl: toDuration(ttlMs) } };
}

/** What is absent on the wire is at its default. */
function toView(session: Messages["signalbox.v1.Session"] = {}): TaskView {
  const { id = "", host = "", aliases = [], backends = [], groups, labels = {}, plugins = {}, ttl, expiresAt } =
    session;
  return {
    id,
    host,
    aliases,
    backends: backends.map(({ address = "", port = 0, weight = 0 }) => ({ address, port, weight })),
    ...groups !== undefined && { groups },
    labels,
    plugins,
    ...ttl !== undefined && { ttlMs: toMs(ttl) },
    ...expiresAt !== undefined && { expiresAtMs: toMs(expiresAt) },
    cluster: session.cluster ?? "",
    generation: Number(session.generation ?? 0),
  };
}

function toRefusal({ code: number, message = "", details = [] }: Messages["google.rpc.Status"] = {}): Refusal {
  const [info, request] = details;
  assert(info?.["@type"] === "type.googleapis.com/google.rpc.ErrorInfo" && "reason" in info);
  const code = Object.keys(ERROR_CODES).find((code): code is keyof typeof ERROR_CODES =>
    code.toUpperCase() === info.reason
  );
  assert(code !== undefined);
  assert.equal(ERROR_CODES[code].grpc, number);
  if (request === undefined) return { code, message, issues: [] };
  assert(request["@type"] === "type.googleapis.com/google.rpc.BadRequest" && "fieldViolations" in request);
  const violations = request.fieldViolations ?? [];
  return {
    code,
    message,
    issues: violations.map(({ field: path = "", description: message = "" }) => ({ path, message })),
  };
}

async function ask<M, T>(call: Promise<M>, read: (message: M) => T): Promise<Answer<T>> {
  try {
    return { ok: read(await call) };
  } catch (thrown) {
    if (thrown instanceof CallFailure) return { refused: toRefusal(thrown.status) };
    throw thrown;
  }
}

function toOutcome({ registered, deregistered, error }: Messages["signalbox.v1.BatchResponse.Result"]): BatchOutcome {
  if (deregistered !== undefined) return "removed";
  if (registered !== undefined) return registered.outcome === "OUTCOME_CREATED" ? "created" : "there";
  const { code, issues } = toRefusal(error);
  return { code, issues };
}

testTasks({
  name: "gRPC API",
  async connect({ registrar, table, receipts }, parsing) {
    const api = await startOpenGrpcApi({ registrar, table, receipts, parsing });
    api.serve(registrar.generation);
    const client = new GrpcClient(api.port);
    return {
      register: (task) =>
        ask(client.call(REGISTER, toRequest(task)), ({ outcome, session }) => ({
          created: outcome === "OUTCOME_CREATED",
          task: toView(session),
        })),
      remove: (id) =>
        ask(client.call(DEREGISTER, { id }), ({ id = "", generation = 0 }) => ({ id, generation: Number(generation) })),
      get: (id) =>
        ask(client.call(GET, { id }), ({ session, delivery }) => ({
          ...toView(session),
          state: delivery?.state?.slice("STATE_".length).toLowerCase(),
        })),
      list: (query) =>
        ask(client.call(LIST, { ...query, labels: { ...query.labels } }), ({ sessions = [], next }) => ({
          ids: sessions.map(({ id = "" }) => id),
          ...next !== undefined && { next },
        })),
      batch(items) {
        const operations = items.map((item) =>
          "remove" in item ? { deregister: { id: item.remove } } : { register: toRequest(item.register) }
        );
        return ask(client.call(BATCH, { operations }), ({ generation = 0, results = [] }) => ({
          generation: Number(generation),
          outcomes: results.map(toOutcome),
        }));
      },
      async [Symbol.asyncDispose]() {
        client[Symbol.dispose]();
        await api.close();
      },
    };
  },
});
