import { z } from "zod";
import { registrationSchema } from "../session/registration_schema.ts";

/** A schema as a CRD has it (structural, OpenAPI 3.0). */
export type StructuralSchema = Readonly<Record<string, unknown>>;

export const GROUP = "signalbox.dev";
export const VERSION = "v1alpha1";
export const PLURAL = "sessions";

/** Since when the ttl counts: as an annotation, so that a renewal is no new generation of the object. */
export const RENEWED_AT = `${GROUP}/renewed-at`;

/** The CustomResourceDefinition of sessions. Its `spec` is a registration, of the very schema that REST checks with. */
export function buildSessionDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${PLURAL}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { kind: "Session", listKind: "SessionList", plural: PLURAL, singular: "session" },
      versions: [{
        name: VERSION,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: objectSchema() },
        subresources: { status: {} },
        additionalPrinterColumns: COLUMNS,
      }],
    },
  } as const;
}

const condition = (type: string) => `.status.conditions[?(@.type=="${type}")]`;

const COLUMNS = [
  { name: "Host", type: "string", jsonPath: ".status.host" },
  { name: "Backends", type: "string", jsonPath: ".status.backends" },
  { name: "Accepted", type: "string", jsonPath: `${condition("Accepted")}.status` },
  { name: "Live", type: "string", jsonPath: `${condition("Live")}.status` },
  { name: "TTL", type: "string", jsonPath: ".spec.ttl" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
  { name: "Message", type: "string", priority: 1, jsonPath: `${condition("Live")}.message` },
];

function objectSchema(): StructuralSchema {
  return {
    type: "object",
    description: "A session: a host, and where its backends are. Its name is the session's id.",
    required: ["spec"],
    properties: { spec: specSchema(), status: STATUS },
    "x-kubernetes-validations": [{
      rule: "self.metadata.name.matches('^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$')",
      message: "metadata.name must be a DNS label: 1 to 63 of a-z, 0-9 and inner hyphens",
    }],
  };
}

/** A registration without its id, which is the object's name. */
function specSchema(): StructuralSchema {
  const { id: _, ...properties } = toObject(registration.properties);
  const required = asList(registration.required).filter((name) => name !== "id");
  const { required: __, ...rest } = registration;
  return toStructural({ ...rest, properties, ...(required.length > 0 ? { required } : {}) });
}

const registration: StructuralSchema = z.toJSONSchema(registrationSchema, {
  io: "input",
  target: "openapi-3.0",
  // What callers write is checked; what comes of it is nothing that a schema says.
  unrepresentable: "any",
});

const STATUS: StructuralSchema = {
  type: "object",
  description: "What became of it. Written by one of the replicas, about the Envoys of all of them.",
  properties: {
    host: { type: "string", description: "The host that leads to it." },
    backends: { type: "string", description: "Where it leads, for people." },
    conditions: {
      type: "array",
      description: "Accepted: it can be served. Live: every Envoy has it. Rejected: an Envoy does not take it.",
      items: {
        type: "object",
        required: ["type", "status", "lastTransitionTime", "reason", "message"],
        properties: {
          type: { type: "string" },
          status: { type: "string", enum: ["True", "False", "Unknown"] },
          observedGeneration: { type: "integer", format: "int64" },
          lastTransitionTime: { type: "string", format: "date-time" },
          reason: { type: "string" },
          message: { type: "string" },
        },
      },
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["type"],
    },
  },
};

/** What a CRD cannot have: unknown fields are pruned there, not refused; and what is open must say so. */
function toStructural(schema: StructuralSchema): StructuralSchema {
  const { examples: _, additionalProperties, properties, items, ...rest } = schema;
  const open = isObject(additionalProperties) && Object.keys(additionalProperties).length === 0;
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: mapValues(toObject(properties), toStructural) }),
    ...(items === undefined ? {} : { items: toStructural(toObject(items)) }),
    ...(open ? { "x-kubernetes-preserve-unknown-fields": true } : {}),
    ...(isObject(additionalProperties) && !open ? { additionalProperties: toStructural(additionalProperties) } : {}),
  };
}

function mapValues(
  values: StructuralSchema,
  change: (schema: StructuralSchema) => StructuralSchema,
): StructuralSchema {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, change(toObject(value))]));
}

function isObject(value: unknown): value is StructuralSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toObject(value: unknown): StructuralSchema {
  if (!isObject(value)) throw new TypeError("Cannot make a CRD: the schema of a registration is of no known form");
  return value;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
