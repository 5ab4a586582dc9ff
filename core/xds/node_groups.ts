import type { ClientNode } from "./client_node.ts";

/** Which nodes a group has: those that every part given here matches, and within a list any of it. */
export interface NodeMatch {
  /** Ids of nodes; one that ends with `*` stands for all that begin so. */
  readonly ids?: readonly string[];
  /** Clusters of nodes, likewise. */
  readonly clusters?: readonly string[];
  /** Values that the node's metadata must have at its top level. */
  readonly metadata?: Readonly<Record<string, string | number | boolean>>;
  readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
}

export interface NodeGroup {
  readonly name: string;
  /** Absent: every node. */
  readonly match?: NodeMatch;
}

/** The first group that has the node. */
export function findGroup<Group extends NodeGroup>(groups: readonly Group[], node: ClientNode): Group | undefined {
  return groups.find(({ match }) => match === undefined || matches(match, node));
}

function matches({ ids, clusters, metadata, locality }: NodeMatch, node: ClientNode): boolean {
  return (ids === undefined || ids.some((pattern) => matchesPattern(pattern, node.id))) &&
    (clusters === undefined || clusters.some((pattern) => matchesPattern(pattern, node.cluster))) &&
    Object.entries(metadata ?? {}).every(([key, value]) =>
      Object.hasOwn(node.metadata, key) && node.metadata[key] === value
    ) &&
    (["region", "zone", "subZone"] as const).every((part) => {
      const wanted = locality?.[part];
      return wanted === undefined || wanted === node[part];
    });
}

function matchesPattern(pattern: string, text: string): boolean {
  return pattern.endsWith("*") ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
