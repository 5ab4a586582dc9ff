import type { TypeUrl } from "../cache/resource_type.ts";

/** What a stream tells those who watch it. Nothing in the protocol depends on who listens. */
export type StreamEvent =
  /** A response went out that brings the client up to `generation`. */
  | { readonly kind: "sent"; readonly typeUrl: TypeUrl; readonly generation: number; readonly resources: number }
  | { readonly kind: "acked"; readonly typeUrl: TypeUrl; readonly generation: number }
  /** The client refused a response; `names` are all that were in it. */
  | { readonly kind: "nacked"; readonly typeUrl: TypeUrl; readonly names: readonly string[]; readonly message: string }
  /** One resource was found to be the culprit: it is not sent again until it changes. */
  | {
    readonly kind: "rejected";
    readonly typeUrl: TypeUrl;
    readonly name: string;
    readonly version: string;
    readonly sessionId: string | undefined;
    readonly message: string;
  };
