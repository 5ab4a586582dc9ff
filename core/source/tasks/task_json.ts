import { z } from "zod";
import { formatDuration } from "../../duration.ts";
import { registrationSchema, sessionId } from "../../session/registration_schema.ts";
import type { SessionRecord } from "../../session/session.ts";
import { ERROR_CODES } from "../../signalbox_error.ts";
import { deliverySchema } from "./receipt_response.ts";

const generation = z.int().min(0).describe("The number of the change that made it so.");

/** A session as the tasks API shows it. */
export const taskSchema = z.object({
  id: z.string(),
  host: z.string().describe("In lower case."),
  aliases: z.array(z.string()).describe("More hosts that lead to the session, sorted."),
  backends: z.array(z.object({ address: z.string(), port: z.int(), weight: z.int() }))
    .describe("With a service: its endpoints that are ready now."),
  service: z.object({ namespace: z.string(), name: z.string(), port: z.int() }).exactOptional()
    .describe("The Service whose endpoints it leads to."),
  problem: z.string().exactOptional().describe("Why it leads nowhere now, as when its Service has no ready endpoint."),
  groups: z.array(z.string()).exactOptional().describe("The groups of Envoys that have it; absent: all."),
  labels: z.record(z.string(), z.string()),
  plugins: z.record(z.string(), z.unknown()),
  ttl: z.string().exactOptional().describe("How long it lives without renewal; absent: until it is removed."),
  expiresAt: z.iso.datetime().exactOptional().describe("When it ends unless it is renewed."),
  owner: z.string().exactOptional().describe("What it follows, as in pod default/a; absent: it was registered."),
  cluster: z.string().describe("The name of its cluster in Envoy."),
  generation,
}).meta({ id: "Task", description: "A session." });

export type Task = z.output<typeof taskSchema>;

export function toTask({ session, owner, generation, problem, expiresAtMs }: SessionRecord): Task {
  const { id, host, aliases, backends, service, groups, labels, plugins, ttlMs } = session;
  return {
    id,
    host,
    aliases: [...aliases],
    backends: [...backends],
    ...(service === undefined ? {} : { service }),
    ...(problem === undefined ? {} : { problem }),
    ...(groups === undefined ? {} : { groups: [...groups] }),
    labels,
    plugins,
    ...(ttlMs === undefined ? {} : { ttl: formatDuration(ttlMs) }),
    ...(expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() }),
    ...(owner === undefined ? {} : { owner }),
    cluster: id,
    generation,
  };
}

/** A session as it is shown alone, or after waiting for it. */
export const taskWithDeliverySchema = taskSchema.extend({ delivery: deliverySchema.exactOptional() })
  .meta({ id: "TaskWithDelivery" });

export const newTaskSchema = registrationSchema.meta({ id: "NewTask" });

export const taskPageSchema = z.object({
  tasks: z.array(taskSchema),
  next: z.string().exactOptional().describe("The `after` of the next page; absent on the last."),
}).meta({ id: "TaskPage" });

export const removedTaskSchema = z.object({ id: z.string(), generation, delivery: deliverySchema.exactOptional() })
  .meta({ id: "RemovedTask" });

export const generationSchema = z.object({ generation, delivery: deliverySchema }).meta({ id: "Generation" });

export const taskReferenceSchema = z.strictObject({ id: sessionId }).meta({ id: "TaskReference" });

export const MAX_BATCH = 10_000;

/** Items are checked one by one: a bad one does not keep the others out. */
export const batchSchema = z.strictObject({
  delete: z.array(z.unknown()).default([]).describe("Ids of sessions to remove, before any is registered."),
  tasks: z.array(z.unknown()).default([]).describe("Sessions to register, each as in POST /xds/tasks."),
});

export const problemSchema = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.enum(Object.keys(ERROR_CODES)),
  issues: z.array(z.object({ path: z.string().describe("As in backends[0].port."), message: z.string() })),
  delivery: deliverySchema.exactOptional().describe("With rejected_by_envoy."),
}).meta({ id: "Problem", description: "RFC 9457, with a code for programs and every issue's path." });

const outcome = (names: readonly string[]) =>
  z.object({
    id: z.string().exactOptional().describe("Absent where the item has no id that could be read."),
    outcome: z.enum([...names, "refused"]),
    status: z.int().describe("The HTTP status that the item would have had alone."),
  });

export const batchResultSchema = z.object({
  generation: z.int().min(0).describe("The number of the last change, which has all that was done."),
  delete: z.array(outcome(["deleted"]).extend({ problem: problemSchema.exactOptional() })),
  tasks: z.array(
    outcome(["created", "changed", "unchanged"]).extend({
      task: taskSchema.exactOptional(),
      delivery: deliverySchema.exactOptional().describe("Where the request waited."),
      problem: problemSchema.exactOptional(),
    }),
  ),
  delivery: deliverySchema.exactOptional().describe("Of the whole batch, where the request waited."),
}).meta({ id: "BatchResult", description: "One result an item, in the order of the request." });
