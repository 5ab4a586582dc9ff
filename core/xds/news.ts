import type { Resource } from "../cache/resource.ts";

/** What one response tells, in whatever protocol. No name is in it twice. */
export interface News {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Asked for, and not to be had. */
  readonly unknown: readonly string[];
}

/** What is known of the client, and what has to be said to it: that depends on the protocol. */
export interface ClientKnowledge {
  /** Whether the client surely has exactly this. */
  has(resource: Resource): boolean;
  /** The name is gone. Returns whether the client is to be told. */
  loses(name: string): boolean;
  /** The client asks for a name that is not to be had. Returns whether it is to be told. */
  misses(name: string): boolean;
  /** Whether the client may have asked for a name that it is not remembered to want: it is wanted again then. */
  recalls(name: string): boolean;
}
