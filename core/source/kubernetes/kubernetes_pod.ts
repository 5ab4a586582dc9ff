import { z } from "zod";

/** Labels and annotations for Signalbox begin so. */
export const KEY_PREFIX = "signalbox.dev/";

/** The readiness gate, and the condition that opens it. */
export const ROUTABLE = "signalbox.dev/routable";

const conditionSchema = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** What matters of a `v1` Pod. */
const podSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    resourceVersion: z.string(),
    namespace: z.string(),
    name: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: z.string().nullish(),
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    hostNetwork: z.boolean().nullish(),
    readinessGates: z.array(z.object({ conditionType: z.string() })).nullish(),
    containers: z.array(z.object({
      ports: z.array(z.object({
        name: z.string().nullish(),
        containerPort: z.int(),
        protocol: z.string().nullish(),
      })).nullish(),
    })),
  }),
  status: z.object({
    phase: z.string().nullish(),
    podIP: z.string().nullish(),
    startTime: z.string().nullish(),
    conditions: z.array(conditionSchema).nullish(),
  }).nullish(),
});

export type PodCondition = Readonly<z.output<typeof conditionSchema>>;

/** A pod as far as routes go. Of one UID only conditions, IP and what its labels and annotations say ever change. */
export interface Pod {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** Since when its node has it; a pod has no IP before. */
  readonly startedAtMs: number;
  /** Absent: none yet. */
  readonly ip?: string;
  /** Its IP is the node's, and other pods' too. */
  readonly hostNetwork: boolean;
  /** It is going: it has its IP still, but takes no more calls. */
  readonly terminating: boolean;
  /** All its containers have ended, for good. Its IP may be another's, whatever its status says. */
  readonly ended: boolean;
  /** It takes calls, as far as Kubernetes can tell without us. */
  readonly ready: boolean;
  /** It has the readiness gate. */
  readonly gated: boolean;
  /** The condition of the gate, where it has one. */
  readonly routable?: PodCondition;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** The TCP ports that its containers declare. */
  readonly ports: readonly { readonly name?: string; readonly port: number }[];
}

/** The pod of a list or a watch; `undefined` for what is none. */
export function parsePod(object: unknown): Pod | undefined {
  const parsed = podSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec, status } = parsed.data;
  const { phase, podIP, startTime, conditions } = status ?? {};
  const createdAtMs = Date.parse(metadata.creationTimestamp);
  const gates = spec.readinessGates?.map(({ conditionType }) => conditionType) ?? [];
  const gated = gates.includes(ROUTABLE);
  const routable = conditions?.find(({ type }) => type === ROUTABLE);
  return {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    namespace: metadata.namespace,
    name: metadata.name,
    createdAtMs,
    startedAtMs: startTime ? Date.parse(startTime) : createdAtMs,
    ...(podIP ? { ip: podIP } : {}),
    hostNetwork: spec.hostNetwork ?? false,
    terminating: Boolean(metadata.deletionTimestamp),
    ended: phase === "Succeeded" || phase === "Failed",
    ready: phase === "Running" && isReady(conditions ?? [], gates),
    gated,
    ...(routable === undefined ? {} : { routable }),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ports: spec.containers.flatMap(({ ports }) => ports ?? []).filter(({ protocol }) => (protocol ?? "TCP") === "TCP")
      .map(({ name, containerPort }) => name ? { name, port: containerPort } : { port: containerPort }),
  };
}

/**
 * Ready, or not ready for no other reason than that our gate is closed: that would wait for the route, and the route for
 * it. The kubelet says so by its reason; a node that was lost leaves another one there.
 */
function isReady(conditions: readonly PodCondition[], gates: readonly string[]): boolean {
  const of = (wanted: string) => conditions.find(({ type }) => type === wanted);
  const isTrue = (type: string) => of(type)?.status === "True";
  if (isTrue("Ready")) return true;
  if (!gates.includes(ROUTABLE) || of("Ready")?.reason !== "ReadinessGatesNotReady") return false;
  return isTrue("ContainersReady") && gates.every((gate) => gate === ROUTABLE || isTrue(gate));
}
