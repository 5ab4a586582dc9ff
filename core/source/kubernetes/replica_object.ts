import { z } from "zod";
import { GROUP, VERSION } from "../../store/session_definition.ts";

/**
 * Where the Envoys of one replica are with a change: each has it, there is none that it concerns, or the words of those
 * that reject it, after `Rejected: `. No answer: they are not there yet, or the replica does not know of the change.
 */
export type Answer = "Live" | "NoEnvoy" | `Rejected: ${string}`;

/** By what is asked. */
export type Answers = ReadonlyMap<string, Answer>;

/** What a replica says of itself. */
export interface ReplicaObject {
  readonly uid: string;
  readonly name: string;
  readonly resourceVersion: string;
  /** Grows for as long as it runs. */
  readonly renewals: number;
  readonly answers: Answers;
}

const answer = z.union([z.literal(["Live", "NoEnvoy"]), z.templateLiteral(["Rejected: ", z.string()])]);

const replicaSchema = z.object({
  metadata: z.object({ uid: z.string(), name: z.string(), resourceVersion: z.string() }),
  spec: z.object({ renewals: z.int(), answers: z.record(z.string(), answer) }),
});

/** The Replica of a list or a watch; `undefined` for what is none. */
export function parseReplica(object: unknown): ReplicaObject | undefined {
  const parsed = replicaSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata: { uid, name, resourceVersion }, spec: { renewals, answers } } = parsed.data;
  return { uid, name, resourceVersion, renewals, answers: new Map(Object.entries(answers)) };
}

export function buildReplica({ name, renewals, answers }: Pick<ReplicaObject, "name" | "renewals" | "answers">) {
  return {
    apiVersion: `${GROUP}/${VERSION}`,
    kind: "Replica",
    metadata: { name },
    spec: { renewals, answers: Object.fromEntries(answers) },
  };
}
