import type { TypeUrl } from "../cache/resource_type.ts";

/** What a stream tells those who watch it. Nothing in the protocol depends on who listens. */
export type StreamEvent =
  /** A response went out that brings the client up to `generation`. */
  | { readonly kind: "sent"; readonly typeUrl: TypeUrl; readonly generation: number; readonly resources: number }
  /** What came after `from`, up to `generation`, was accepted. */
  | { readonly kind: "acked"; readonly typeUrl: TypeUrl; readonly from: number; readonly generation: number }
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
  }
  /** The client asks for a type that is not served. */
  | { readonly kind: "unknown_type"; readonly url: string }
  /** A name that nobody has was forgotten, since the client asks for too many of them. */
  | { readonly kind: "forgotten"; readonly typeUrl: TypeUrl };
