import type { FleetDelivery, FleetReceipts, Question } from "../fleet_receipts.ts";

const ENVOY = { node: "envoy-1", group: "default" } as const;
const OTHERS = { rejections: [], unanswered: [] } as const;

/** Deliveries as a test needs them, of one Envoy that is connected here. */
export const LIVE: FleetDelivery = {
  state: "live",
  own: { state: "live", envoys: [{ ...ENVOY, state: "live" }] },
  ...OTHERS,
};
export const PENDING: FleetDelivery = {
  state: "pending",
  own: { state: "pending", envoys: [{ ...ENVOY, state: "pending" }] },
  ...OTHERS,
};
export const NOBODY: FleetDelivery = { state: "nobody", own: { state: "pending", envoys: [] }, ...OTHERS };
export const REJECTED: FleetDelivery = {
  state: "rejected",
  own: {
    state: "rejected",
    envoys: [{ ...ENVOY, state: "rejected", rejection: { resource: "s1", type: "cluster", message: "no" } }],
  },
  ...OTHERS,
};

/** Where the Envoys of all replicas are, as a test says. */
export class FleetDouble implements Pick<FleetReceipts, "ask" | "drop" | "delivery" | "listen"> {
  readonly asked = new Map<string, Question>();
  readonly #listeners: (() => void)[] = [];
  #delivery: FleetDelivery = PENDING;

  /** Of whatever is asked. */
  become(delivery: FleetDelivery): void {
    this.#delivery = delivery;
    for (const listener of this.#listeners) listener();
  }

  ask(key: string, question: Question): void {
    this.asked.set(key, question);
  }

  drop(key: string): void {
    this.asked.delete(key);
  }

  delivery(key: string): FleetDelivery | undefined {
    return this.asked.has(key) ? this.#delivery : undefined;
  }

  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
