import type { Delivery } from "../observe/deliveries.ts";

/** The gate's condition. */
export interface GateCondition {
  /** `True` or `False`. */
  readonly status: string;
  readonly reason?: string | undefined;
  readonly message?: string | undefined;
}

/** How many Envoys a message names. */
const MAX_NAMED = 5;

/** What is to be said of a pod whose route is published. */
export function toRoutable({ state, envoys }: Delivery): GateCondition {
  switch (state) {
    case "live":
      return { status: "True", reason: "Live", message: "every Envoy has its route" };
    case "rejected":
      return { status: "False", reason: "RejectedByEnvoy", message: envoys.map(describeRejection).join("") };
    case "pending":
      return { status: "False", reason: "Pending", message: describeMissing(envoys) };
  }
}

export function sameCondition(a: GateCondition, b: GateCondition): boolean {
  return a.status === b.status && a.reason === b.reason && a.message === b.message;
}

/** Whether no Envoy has any more what was withdrawn. */
export function isWithdrawn({ state, envoys }: Delivery): boolean {
  return state === "live" || envoys.length === 0;
}

function describeRejection(envoy: Delivery["envoys"][number]): string {
  if (envoy.state !== "rejected") return "";
  const { type, resource, message } = envoy.rejection;
  return `Envoy ${envoy.node} rejects ${type} ${resource}: ${message}. `;
}

function describeMissing(envoys: Delivery["envoys"]): string {
  if (envoys.length === 0) return "no Envoy is connected";
  const missing = envoys.filter(({ state }) => state !== "live");
  const named = missing.slice(0, MAX_NAMED).map(({ node, state }) => `${node} (${state})`).join(", ");
  return missing.length > MAX_NAMED ? `waits for ${named} and more` : `waits for ${named}`;
}
