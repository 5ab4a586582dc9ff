import type { Delivery } from "../../observe/deliveries.ts";

/** In the Envoys' own words, of those that reject something. */
export function describeRejections(envoys: Delivery["envoys"]): string {
  return envoys.map((envoy) => {
    if (envoy.state !== "rejected") return "";
    const { type, resource, message } = envoy.rejection;
    return `Envoy ${envoy.node} rejects ${type} ${resource}: ${message}. `;
  }).join("");
}
