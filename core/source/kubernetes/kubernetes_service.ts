import { z } from "zod";

const text = z.string().nullish();

/** What matters of a `v1` Service. */
const serviceSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    namespace: z.string(),
    name: z.string(),
    creationTimestamp: z.string(),
    deletionTimestamp: text,
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
  }),
  spec: z.object({
    ipFamilies: z.array(z.string()).nullish(),
    ports: z.array(z.object({ name: text, port: z.int(), protocol: text })).nullish(),
  }),
});

/** What matters of a `discovery.k8s.io/v1` EndpointSlice. */
const sliceSchema = z.object({
  metadata: z.object({
    uid: z.string(),
    namespace: z.string(),
    labels: z.object({ "kubernetes.io/service-name": z.string() }),
    ownerReferences: z.array(z.object({ kind: z.string(), uid: z.string() })).nullish(),
  }),
  addressType: z.string(),
  ports: z.array(z.object({ name: text, port: z.int().nullish(), protocol: text })).nullish(),
  endpoints: z.array(z.object({
    addresses: z.array(z.string()),
    conditions: z.object({ ready: z.boolean().nullish(), terminating: z.boolean().nullish() }).nullish(),
  })).nullish(),
});

export interface Service {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAtMs: number;
  readonly terminating: boolean;
  /** `IPv4` or `IPv6`, the first where it has both; absent: not said. */
  readonly family?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Of TCP; `name` is empty where there is none. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
}

/** Some of a Service's endpoints. */
export interface EndpointSlice {
  readonly uid: string;
  readonly namespace: string;
  readonly service: string;
  /** The UID of the Service that it was made for; absent: somebody else made it. */
  readonly owner?: string;
  /** `IPv4`, `IPv6` or `FQDN`. */
  readonly family: string;
  /** By the names of the Service's ports: where the endpoints listen. */
  readonly ports: ReadonlyMap<string, number>;
  /** The addresses of those that take calls. */
  readonly addresses: readonly string[];
}

/** The Service of a list or a watch; `undefined` for what is none. */
export function parseService(object: unknown): Service | undefined {
  const parsed = serviceSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, spec } = parsed.data;
  const family = spec.ipFamilies?.[0];
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    createdAtMs: Date.parse(metadata.creationTimestamp),
    terminating: Boolean(metadata.deletionTimestamp),
    ...(family === undefined ? {} : { family }),
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    ports: (spec.ports ?? []).filter(isTcp).map(({ name, port }) => ({ name: name ?? "", port })),
  };
}

/** The EndpointSlice of a list or a watch; `undefined` for what is none, or is no Service's. */
export function parseEndpointSlice(object: unknown): EndpointSlice | undefined {
  const parsed = sliceSchema.safeParse(object);
  if (!parsed.success) return undefined;
  const { metadata, addressType, ports, endpoints } = parsed.data;
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === "Service")?.uid;
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    service: metadata.labels["kubernetes.io/service-name"],
    ...(owner === undefined ? {} : { owner }),
    family: addressType,
    ports: new Map((ports ?? []).filter(isTcp).flatMap(({ name, port }) => port ? [[name ?? "", port]] : [])),
    // Ready where nothing is said of it. Those that are going can be ready still, where the Service publishes all it has.
    addresses: (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false && !conditions?.terminating)
      // All of one endpoint's are the same pod.
      .flatMap(({ addresses: [first] }) => first ?? []),
  };
}

function isTcp({ protocol }: { readonly protocol?: string | null | undefined }): boolean {
  return (protocol ?? "TCP") === "TCP";
}
