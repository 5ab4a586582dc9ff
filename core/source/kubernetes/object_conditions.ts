import { toTimestamp } from "../../kubernetes/timestamp.ts";
import type { ObjectCondition } from "../../store/session_object.ts";

/** What is to be said. */
export interface ConditionOf {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

/** Conditions as Kubernetes has them: one that says what it said keeps the time at which it came to. */
export function toConditions(
  conditions: readonly ConditionOf[],
  present: readonly ObjectCondition[],
  { nowMs, generation }: { readonly nowMs: number; readonly generation: number },
): readonly ObjectCondition[] {
  return conditions.map((condition) => {
    const before = present.find(({ type }) => type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, observedGeneration: generation, lastTransitionTime: since ?? toTimestamp(nowMs) };
  });
}

export function sameConditions(a: readonly ObjectCondition[], b: readonly ObjectCondition[]): boolean {
  return a.length === b.length && a.every((condition) => {
    const other = b.find(({ type }) => type === condition.type);
    return other?.status === condition.status && other.reason === condition.reason &&
      other.message === condition.message && other.observedGeneration === condition.observedGeneration;
  });
}
