import type { Resource } from "../cache/resource.ts";
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

interface Rule {
  readonly typeUrl: TypeUrl;
  /** New and changed resources wait until the client has acknowledged these types as far. */
  readonly upsertsAfter: readonly TypeUrl[];
  /** Where the client has rejected something of a session in these types, the session's new resources wait. */
  readonly upsertsNeed: readonly TypeUrl[];
  /** Removals wait until these types have as far nothing left to remove, and nothing rejected of the session. */
  readonly removalsAfter: readonly TypeUrl[];
}

export const ROUTES: readonly TypeUrl[] = [SCOPED_ROUTE, ROUTE, VIRTUAL_HOST];

/** What a route leads to. */
const TARGETS: readonly TypeUrl[] = [CLUSTER, ENDPOINT];

/**
 * Make before break: what is named comes before what names it, and goes after it. Rows are in the order in which types
 * are sent. Only the types that a stream subscribes to count. No cycle leads through any column, and what comes never
 * waits for what goes, so nothing waits for itself.
 */
export const ORDER: readonly Rule[] = [
  { typeUrl: SECRET, upsertsAfter: [], upsertsNeed: [], removalsAfter: [CLUSTER, LISTENER] },
  { typeUrl: CLUSTER, upsertsAfter: [], upsertsNeed: [], removalsAfter: [...ROUTES, LISTENER] },
  { typeUrl: ENDPOINT, upsertsAfter: [CLUSTER], upsertsNeed: [], removalsAfter: [CLUSTER] },
  { typeUrl: LISTENER, upsertsAfter: [CLUSTER], upsertsNeed: [], removalsAfter: [] },
  ...ROUTES.map((typeUrl) => ({ typeUrl, upsertsAfter: TARGETS, upsertsNeed: TARGETS, removalsAfter: [] })),
];

/** One type on one stream, as the order sees it. */
export interface Ordered {
  /** Everything new up to this generation was acknowledged, put in quarantine, or needed no sending; -1: not even the first answer. */
  readonly settled: number;
  /** Likewise with everything that went: never above `settled`. */
  readonly cleared: number;
  /** How many names are in quarantine or wait for their removal. */
  readonly unfinished: number;
  /** Whether something that the session had in this generation is in quarantine: the client may not have it. */
  unsettled(sessionId: string, generation: number): boolean;
  /** Likewise, or is to be removed; of a session that nobody knows, whether anything of any is in quarantine. */
  uncleared(sessionId: string | undefined): boolean;
}

/** What a stream may send of one type at the moment. */
export interface Limits {
  /** New and changed resources: nothing newer than this generation. */
  readonly upserts: number;
  readonly removals: number;
  /** False before the client's first answer: it may not have said yet what else it subscribes to. */
  readonly heard: boolean;
  /** Whether the resource, as it was in this generation, has to wait for others of its session. */
  upsertWaits(resource: Resource, generation: number): boolean;
  removalWaits(sessionId: string | undefined): boolean;
}

/** For a type that stands alone. */
export const UNLIMITED: Limits = {
  upserts: Infinity,
  removals: Infinity,
  heard: true,
  upsertWaits: () => false,
  removalWaits: () => false,
};

export function limitsOf(
  { upsertsAfter, upsertsNeed, removalsAfter }: Rule,
  { types, heard }: {
    readonly types: ReadonlyMap<TypeUrl, { readonly backlog: Ordered }>;
    readonly heard: boolean;
  },
): Limits {
  const earliest = (after: readonly TypeUrl[], progress: "settled" | "cleared") =>
    after.reduce((limit, type) => Math.min(limit, types.get(type)?.backlog[progress] ?? Infinity), Infinity);
  return {
    upserts: earliest(upsertsAfter, "settled"),
    removals: heard || removalsAfter.length === 0 ? earliest(removalsAfter, "cleared") : -1,
    heard,
    upsertWaits: ({ sessionId }, generation) =>
      sessionId !== undefined && upsertsNeed.some((type) => types.get(type)?.backlog.unsettled(sessionId, generation)),
    removalWaits: (sessionId) => removalsAfter.some((type) => types.get(type)?.backlog.uncleared(sessionId)),
  };
}
