import { GROUP, VERSION } from "../../store/session_definition.ts";

export const REPLICAS = "replicas";

/** The CustomResourceDefinition of what replicas tell each other. */
export function buildReplicaDefinition() {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${REPLICAS}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: { kind: "Replica", listKind: "ReplicaList", plural: REPLICAS, singular: "replica" },
      versions: [{ name: VERSION, served: true, storage: true, schema: { openAPIV3Schema: SCHEMA } }],
    },
  } as const;
}

const SCHEMA = {
  type: "object",
  description: "A Signalbox that runs, and what its Envoys have. It writes this itself, and nobody else need.",
  required: ["spec"],
  properties: {
    spec: {
      type: "object",
      required: ["renewals", "answers"],
      properties: {
        renewals: {
          type: "integer",
          format: "int64",
          description: "Grows for as long as it runs: one that stands still while others' grow is gone.",
        },
        answers: {
          type: "object",
          description: "What its Envoys have of all that some condition still waits for.",
          additionalProperties: { type: "string" },
        },
      },
    },
  },
} as const;
