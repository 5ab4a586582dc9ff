import type { Delivery } from "../../observe/deliveries.ts";
import type { Messages } from "../../proto/message_types.ts";
import { type Issue, SignalboxError } from "../../signalbox_error.ts";
import { toRejectedError } from "../tasks/receipt_response.ts";
import { parseWaitQuery } from "../tasks/wait_query.ts";
import { durationText } from "./grpc_session.ts";

type Wait = Messages["signalbox.v1.WaitForLive"];
type DeliveryMessage = Messages["signalbox.v1.Delivery"];

/** How a request asks to wait: not at all where `timeoutMs` is absent. */
export interface ParsedWait {
  readonly timeoutMs?: number;
  /** What is wrong with it. */
  readonly issues: readonly Issue[];
}

/** As the REST API takes it from a query. */
export function parseWait(wait: Wait | undefined): ParsedWait {
  if (wait === undefined) return { issues: [] };
  const timeout = wait.timeout === undefined ? {} : { timeout: durationText(wait.timeout) };
  try {
    return { issues: [], ...parseWaitQuery(new URLSearchParams({ wait: "live", ...timeout })) };
  } catch (thrown) {
    const { issues } = SignalboxError.from(thrown);
    return { issues: issues.map(({ path, message }) => ({ path: `wait.${path}`, message })) };
  }
}

const STATES = {
  live: "STATE_LIVE",
  pending: "STATE_PENDING",
  joining: "STATE_JOINING",
  stuck: "STATE_STUCK",
  rejected: "STATE_REJECTED",
} as const satisfies Record<Delivery["envoys"][number]["state"], DeliveryMessage["state"]>;

export function toDeliveryMessage({ state, envoys }: Delivery): DeliveryMessage {
  return { state: STATES[state], envoys: envoys.map((envoy) => ({ ...envoy, state: STATES[envoy.state] })) };
}

/** Throws `rejected_by_envoy` where an Envoy rejects the change. */
export function requireNotRejected(delivery: Delivery): Delivery {
  if (delivery.state === "rejected") throw toRejectedError(delivery);
  return delivery;
}
