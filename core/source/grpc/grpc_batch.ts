import { toRpcStatus } from "../../grpc/grpc_error.ts";
import type { Messages } from "../../proto/message_types.ts";
import type { ParseSessionOptions } from "../../session/parse_session.ts";
import type { Session } from "../../session/session.ts";
import { type Issue, SignalboxError } from "../../signalbox_error.ts";
import type { Operation } from "../operation.ts";
import type { Committed } from "../registrar.ts";
import { MAX_BATCH } from "../tasks/task_json.ts";
import { parseReference, parseRegister } from "./grpc_session.ts";

type OperationMessage = Messages["signalbox.v1.BatchRequest.Operation"];
type DeliveryMessage = Messages["signalbox.v1.Delivery"];
type ResultMessage = Messages["signalbox.v1.BatchResponse.Result"];

export const OUTCOMES = {
  created: "OUTCOME_CREATED",
  changed: "OUTCOME_CHANGED",
  unchanged: "OUTCOME_UNCHANGED",
} as const;

/** What is to be done, or why it cannot be. */
type Item = Operation | SignalboxError;

/** Throws `invalid_request` where the whole is not acceptable, `issues` included; what is wrong with one is in its place. */
export function parseBatch(
  { operations = [] }: Messages["signalbox.v1.BatchRequest"],
  { issues, ...parsing }: ParseSessionOptions & { readonly issues: readonly Issue[] },
): readonly Item[] {
  const tooMany = operations.length <= MAX_BATCH
    ? []
    : [{ path: "operations", message: `must have at most ${MAX_BATCH} items, got ${operations.length}` }];
  const all = [...tooMany, ...issues];
  if (all.length === 0) return operations.map((operation) => parseItem(operation, parsing));
  throw new SignalboxError("invalid_request", "Cannot do the batch: it is not acceptable", { issues: all });
}

function parseItem({ register, deregister }: OperationMessage, parsing: ParseSessionOptions): Item {
  const wait = (register ?? deregister)?.wait;
  const issues = wait === undefined ? [] : [{ path: "wait", message: "must be left out: the batch waits as a whole" }];
  try {
    if (register !== undefined) return { kind: "register", session: parseRegister(register, { ...parsing, issues }) };
    if (deregister !== undefined) {
      return { kind: "deregister", id: parseReference(deregister, { action: "remove", issues }) };
    }
    throw new SignalboxError("invalid_request", "Cannot do the operation: it says neither register nor deregister");
  } catch (thrown) {
    if (thrown instanceof SignalboxError) return thrown;
    throw thrown;
  }
}

/** Those that can be done, in their order. */
export function operationsOf(items: readonly Item[]): readonly Operation[] {
  return items.flatMap((item) => item instanceof SignalboxError ? [] : [item]);
}

/**
 * What came of each item. `committed` has an outcome for each of `operationsOf(items)`; `deliveryOf` says how far a session
 * has come where that is worth a word.
 */
export function toResults(
  items: readonly Item[],
  { outcomes, generation }: Committed,
  deliveryOf: (session: Session) => DeliveryMessage | undefined,
): ResultMessage[] {
  const rest = outcomes.values();
  return items.map((item): ResultMessage => {
    if (item instanceof SignalboxError) return { error: toRpcStatus(item) };
    const { value: outcome } = rest.next();
    if (outcome === undefined) throw new TypeError("An operation has no outcome");
    switch (outcome.status) {
      case "refused":
        return { error: toRpcStatus(outcome.error) };
      case "deleted":
        return { deregistered: { id: outcome.id, generation } };
      default:
        // Without the session, which the caller has just sent: a large batch would be more than clients take.
        return { registered: { outcome: OUTCOMES[outcome.status], delivery: deliveryOf(outcome.record.session) } };
    }
  });
}
