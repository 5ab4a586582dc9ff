import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
  VIRTUAL_HOST,
} from "../cache/resource_type.ts";

/** What a stream may send of one type: nothing newer than these generations. */
export interface Limits {
  readonly upserts: number;
  readonly removals: number;
}

interface Rule {
  readonly typeUrl: TypeUrl;
  /** New and changed resources wait until the client has acknowledged these types as far. */
  readonly upsertsAfter: readonly TypeUrl[];
  /** Removals wait likewise. */
  readonly removalsAfter: readonly TypeUrl[];
}

const ROUTES: readonly TypeUrl[] = [SCOPED_ROUTE, ROUTE, VIRTUAL_HOST];

/**
 * Make before break: what is named comes before what names it, and goes after it. Rows are in the order in which types
 * are sent. Only the types that a stream subscribes to count. No cycle leads through either column, and what comes never
 * waits for what goes, so nothing waits for itself.
 */
export const ORDER: readonly Rule[] = [
  { typeUrl: SECRET, upsertsAfter: [], removalsAfter: [CLUSTER, LISTENER] },
  { typeUrl: CLUSTER, upsertsAfter: [], removalsAfter: [...ROUTES, LISTENER] },
  { typeUrl: ENDPOINT, upsertsAfter: [CLUSTER], removalsAfter: [CLUSTER] },
  { typeUrl: LISTENER, upsertsAfter: [CLUSTER], removalsAfter: [] },
  { typeUrl: SCOPED_ROUTE, upsertsAfter: [CLUSTER, ENDPOINT], removalsAfter: [] },
  { typeUrl: ROUTE, upsertsAfter: [CLUSTER, ENDPOINT], removalsAfter: [] },
  { typeUrl: VIRTUAL_HOST, upsertsAfter: [CLUSTER, ENDPOINT], removalsAfter: [] },
];

/** One type on one stream, as the order sees it. */
export interface Ordered {
  /** Everything new up to this generation was acknowledged, rejected for good, or needed no sending; -1: not even the first answer. */
  readonly settled: number;
  /** Likewise with everything that went: never above `settled`. */
  readonly cleared: number;
  readonly view: { readonly size: number };
}

type Subscriptions = ReadonlyMap<TypeUrl, { readonly subscription: Ordered }>;

export function limitsOf(rule: Rule, subscriptions: Subscriptions): Limits {
  return {
    upserts: earliest(rule.upsertsAfter, subscriptions, "settled"),
    removals: earliest(rule.removalsAfter, subscriptions, "cleared"),
  };
}

function earliest(types: readonly TypeUrl[], subscriptions: Subscriptions, progress: "settled" | "cleared"): number {
  let limit = Infinity;
  for (const type of types) limit = Math.min(limit, subscriptions.get(type)?.subscription[progress] ?? Infinity);
  return limit;
}

/**
 * The generation up to which a client has everything, of all types that it subscribes to; -1 before it does. An Envoy that
 * has its listeners is not done until it has asked for the routes that they need.
 */
export function progressOf(subscriptions: Subscriptions): number {
  if (subscriptions.size === 0) return -1;
  const listeners = subscriptions.get(LISTENER)?.subscription.view.size ?? 0;
  if (listeners > 0 && !ROUTES.some((type) => subscriptions.has(type))) return -1;
  let progress = Infinity;
  for (const { subscription } of subscriptions.values()) progress = Math.min(progress, subscription.cleared);
  return progress;
}
