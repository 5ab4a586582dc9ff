import { isNamed } from "../access/identity.ts";
import type { ClientNode } from "./client_node.ts";

/** Which nodes a group has: those that every part given here matches, and within a list any of it. */
export interface NodeMatch {
  /** Ids of nodes; one that ends with `*` stands for all that begin so. */
  readonly ids?: readonly string[];
  /** Clusters of nodes, likewise. */
  readonly clusters?: readonly string[];
  /** What the node has proven, likewise: it cannot be in the group by what it says alone. */
  readonly identities?: readonly string[];
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

function matches({ ids, clusters, identities, metadata, locality }: NodeMatch, node: ClientNode): boolean {
  return (ids === undefined || isNamed([node.id], ids)) &&
    (clusters === undefined || isNamed([node.cluster], clusters)) &&
    (identities === undefined || isNamed(node.identities, identities)) &&
    Object.entries(metadata ?? {}).every(([key, value]) =>
      Object.hasOwn(node.metadata, key) && node.metadata[key] === value
    ) &&
    (["region", "zone", "subZone"] as const).every((part) => {
      const wanted = locality?.[part];
      return wanted === undefined || wanted === node[part];
    });
}
