import type { Dialect } from "../cache/dialect.ts";
import type { ViewSource } from "../cache/view_source.ts";
import type { ClientNode } from "./client_node.ts";

export type Protocol = "delta" | "sotw" | "rest";

/** Who gets resources: an Envoy, or a gRPC client without one, on one stream. */
export interface Client {
  /** Unique in this process. */
  readonly id: number;
  readonly node: ClientNode;
  /** The group whose resources it gets. */
  readonly group: string;
  readonly dialect: Dialect;
  readonly protocol: Protocol;
}

/** What a node is given. */
export interface Admission {
  readonly group: string;
  readonly dialect: Dialect;
  readonly views: ViewSource;
}

/** Decides what a node is given; nothing where no group has it. */
export type Admit = (node: ClientNode) => Admission | undefined;

let lastId = 0;

export function nextClientId(): number {
  return ++lastId;
}
