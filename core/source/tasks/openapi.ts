import { createDocument, type ZodOpenApiOperationObject } from "zod-openapi";
import manifest from "../../../deno.json" with { type: "json" };
import { PROBLEM_MEDIA_TYPE } from "../../http/problem.ts";
import { registrationSchema, sessionId } from "../../session/registration_schema.ts";
import { ERROR_CODES, type ErrorCode } from "../../signalbox_error.ts";
import { explanationSchema } from "./explain_api.ts";
import { listQuerySchema } from "./list_query.ts";
import {
  batchResultSchema,
  batchSchema,
  generationSchema,
  newTaskSchema,
  problemSchema,
  removedTaskSchema,
  taskPageSchema,
  taskReferenceSchema,
  taskWithDeliverySchema,
} from "./task_json.ts";
import { waitQuerySchema } from "./wait_query.ts";
import { z } from "zod";

const json = (schema: z.ZodType) => ({ "application/json": { schema } });
const retryAfter = z.object({ "retry-after": z.string().describe("In seconds.") });
const location = z.object({ location: z.string().describe("The path of the task.") });

const READING: readonly ErrorCode[] = [
  "malformed_request",
  "unsupported_media_type",
  "body_too_large",
  "request_timeout",
  "invalid_request",
];
const WRITING: readonly ErrorCode[] = ["store_unavailable", "store_full"];
/** Of every operation. */
const ANYWHERE: readonly ErrorCode[] = ["not_ready", "internal"];

/** The problems of an operation, by status. */
function problems(codes: readonly ErrorCode[]): Record<string, object> {
  const byStatus = Map.groupBy([...codes, ...ANYWHERE], (code) => ERROR_CODES[code].http);
  return Object.fromEntries(Array.from(byStatus, ([status, codes]) => [
    status,
    {
      description: codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join(" "),
      ...(status === 503 ? { headers: retryAfter } : {}),
      content: { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema } },
    },
  ]));
}

const registration = (created: string) => ({
  201: { description: created, headers: location, content: json(taskWithDeliverySchema) },
  200: {
    description: "It was there: as it is now, or otherwise.",
    headers: location,
    content: json(taskWithDeliverySchema),
  },
  202: {
    description: "It is durable, and not live on every Envoy when the time was up.",
    headers: location,
    content: json(taskWithDeliverySchema),
  },
  ...problems([...READING, "host_taken", "session_owned", "rejected_by_envoy", ...WRITING]),
});

const removal = {
  200: { description: "It is removed.", content: json(removedTaskSchema) },
  202: {
    description: "It is removed, and not gone from every Envoy when the time was up.",
    content: json(removedTaskSchema),
  },
};

const path = z.object({ id: sessionId });

const operation = (operation: ZodOpenApiOperationObject): ZodOpenApiOperationObject => ({
  tags: ["tasks"],
  ...operation,
});

/** The tasks API in OpenAPI 3.1, of the schemas that it checks with. */
export function buildOpenApi() {
  return createDocument({
    openapi: "3.1.1",
    info: {
      title: "Signalbox",
      version: manifest.version,
      description: "Sessions and where they are. What is answered with success is durable.",
      license: { name: manifest.license, identifier: manifest.license },
    },
    tags: [{ name: "tasks", description: "Sessions." }],
    paths: {
      "/xds/tasks": {
        get: operation({
          operationId: "listTasks",
          summary: "Sessions in the order of their ids, page after page.",
          requestParams: { query: listQuerySchema },
          responses: {
            200: { description: "A page.", content: json(taskPageSchema) },
            ...problems(["invalid_request"]),
          },
        }),
        post: operation({
          operationId: "registerTask",
          summary: "Register a session, or move it.",
          requestParams: { query: waitQuerySchema },
          requestBody: { required: true, content: json(newTaskSchema) },
          responses: registration("It is registered."),
        }),
        delete: operation({
          operationId: "removeTaskByBody",
          summary: "Remove a session, named in the body.",
          requestParams: { query: waitQuerySchema },
          requestBody: { required: true, content: json(taskReferenceSchema) },
          responses: { ...removal, ...problems([...READING, "not_found", "session_owned", ...WRITING]) },
        }),
      },
      "/xds/tasks/{id}": {
        get: operation({
          operationId: "getTask",
          summary: "One session.",
          requestParams: { path },
          responses: {
            200: { description: "The session, and where it is live.", content: json(taskWithDeliverySchema) },
            ...problems(["not_found"]),
          },
        }),
        put: operation({
          operationId: "putTask",
          summary: "Register a session, move it, or renew its ttl.",
          requestParams: { path, query: waitQuerySchema },
          requestBody: {
            required: true,
            description: "As in POST; the id may be left out.",
            content: json(newTaskSchema.partial({ id: true }).meta({ ...registrationSchema.meta(), id: "PutTask" })),
          },
          responses: registration("It is registered."),
        }),
        delete: operation({
          operationId: "removeTask",
          summary: "Remove a session.",
          requestParams: { path, query: waitQuerySchema },
          responses: { ...removal, ...problems(["invalid_request", "not_found", "session_owned", ...WRITING]) },
        }),
      },
      "/xds/tasks/{id}/explain": {
        get: operation({
          operationId: "explainTask",
          summary: "What each plugin changed of a session, and why it is not served where it is not.",
          requestParams: { path },
          responses: {
            200: { description: "How it came about.", content: json(explanationSchema) },
            ...problems(["not_found"]),
          },
        }),
      },
      "/generations/{generation}": {
        get: operation({
          operationId: "getGeneration",
          summary: "Whether everything up to a generation is live.",
          requestParams: { path: z.object({ generation: z.int().min(0) }), query: waitQuerySchema },
          responses: {
            200: { description: "Where the Envoys are with it.", content: json(generationSchema) },
            202: { description: "Not live on every Envoy when the time was up.", content: json(generationSchema) },
            ...problems(["invalid_request", "not_found"]),
          },
        }),
      },
      "/xds/tasks:batch": {
        post: operation({
          operationId: "batchTasks",
          summary:
            "Remove and register up to 10,000 sessions in one commit; what is refused does not keep the others out.",
          requestParams: { query: waitQuerySchema },
          requestBody: {
            required: true,
            content: json(
              batchSchema.extend({ delete: z.array(sessionId), tasks: z.array(newTaskSchema) }).partial()
                .meta({ id: "Batch" }),
            ),
          },
          responses: {
            200: { description: "A result for every item.", content: json(batchResultSchema) },
            202: {
              description: "The same, and not all of it live on every Envoy when the time was up.",
              content: json(batchResultSchema),
            },
            ...problems([...READING, ...WRITING]),
          },
        }),
      },
    },
  });
}
