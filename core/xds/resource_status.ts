import type { Resource } from "../cache/resource.ts";
import type { TypeUrl } from "../cache/resource_type.ts";

/**
 * How far a client is with a resource that it gets, from what it really said: `SYNCED`, acknowledged; `STALE`, sent and not
 * answered; `NOT_SENT`; `ERROR`, rejected.
 */
export interface ResourceStatus {
  readonly typeUrl: TypeUrl;
  readonly resource: Resource;
  readonly status: "SYNCED" | "NOT_SENT" | "STALE" | "ERROR";
  /** The client's words, with `ERROR`. */
  readonly error?: string;
}
