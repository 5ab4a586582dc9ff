import type { CacheSet } from "../cache/cache_set.ts";
import type { Dialect } from "../cache/dialect.ts";
import type { Admit } from "./client.ts";
import type { ClientNode } from "./client_node.ts";
import { findGroup, type NodeGroup } from "./node_groups.ts";

/** Which group's resources a client gets, and in which form. */
export function admitTo(
  caches: CacheSet,
  groups: readonly NodeGroup[],
  dialectOf: (node: ClientNode) => Dialect,
): Admit {
  return (node) => {
    const group = findGroup(groups, node)?.name;
    const cache = group === undefined ? undefined : caches.group(group);
    if (group === undefined || !cache) return undefined;
    const dialect = dialectOf(node);
    return { group, dialect, views: cache.in(dialect) };
  };
}
