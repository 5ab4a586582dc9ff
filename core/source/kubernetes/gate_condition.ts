import type { Delivery } from "../../observe/deliveries.ts";
import { describeRejections } from "./describe_rejections.ts";
import type { FleetDelivery } from "./fleet_receipts.ts";

/** The gate's condition. */
export interface GateCondition {
  /** `True` or `False`. */
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** How many Envoys a message names. */
const MAX_NAMED = 5;

/** What is to be said of what is published. */
export function toRoutable({ state, own, rejections, unanswered }: FleetDelivery): GateCondition {
  switch (state) {
    case "live":
      return { status: "True", reason: "Live", message: "every Envoy has its route" };
    case "rejected":
      return {
        status: "False",
        reason: "RejectedByEnvoy",
        message: [describeRejections(own.envoys), ...rejections].join(""),
      };
    case "nobody":
      return { status: "False", reason: "Pending", message: "no Envoy is connected" };
    case "pending":
      return { status: "False", reason: "Pending", message: describeMissing(own.envoys, unanswered) };
  }
}

export function sameCondition(a: GateCondition | undefined, b: GateCondition): boolean {
  return a?.status === b.status && a.reason === b.reason && a.message === b.message;
}

function describeMissing(envoys: Delivery["envoys"], replicas: readonly string[]): string {
  const missing = [
    ...envoys.filter(({ state }) => state !== "live").map(({ node, state }) => `${node} (${state})`),
    ...replicas.map((name) => `Envoys of replica ${name}`),
  ];
  const named = missing.slice(0, MAX_NAMED).join(", ");
  return missing.length > MAX_NAMED ? `waits for ${named} and more` : `waits for ${named}`;
}
