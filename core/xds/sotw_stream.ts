import { isTypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import type { StreamEvent } from "./event.ts";
import { type SotwPayload, SotwSubscription } from "./sotw_subscription.ts";
import type { ResourceStatus } from "./resource_status.ts";
import { StreamTypes } from "./stream_types.ts";

/** What matters of a `DiscoveryRequest`. */
export interface SotwRequest {
  readonly typeUrl: string;
  readonly names: readonly string[];
  /** The version that the client has, empty for none. */
  readonly version: string;
  /** Empty where the request answers no response. */
  readonly nonce: string;
  /** The client's words when it rejects the response of that nonce; absent otherwise. */
  readonly error?: string;
}

/** What a `DiscoveryResponse` is made of. */
export interface SotwResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly payload: SotwPayload;
}

export interface SotwOutput {
  readonly responses: readonly SotwResponse[];
  readonly events: readonly StreamEvent[];
}

/** One client's state-of-the-world stream over all its types: requests and changes in, responses out. */
export class SotwStream {
  readonly #types: StreamTypes<SotwPayload, SotwSubscription>;
  readonly #refused = new Set<string>();

  constructor(views: ViewSource) {
    this.#types = new StreamTypes(views, (view) => new SotwSubscription(view));
  }

  /** True when the client is so far behind that it has to connect anew. */
  get lost(): boolean {
    return this.#types.lost;
  }

  /** The generation up to which the client has everything; -1 before it does. */
  get progress(): number {
    return this.#types.progress;
  }

  receive(request: SotwRequest): SotwOutput {
    const { typeUrl, names, version } = request;
    if (!isTypeUrl(typeUrl)) {
      return { responses: this.#refuse(typeUrl), events: [{ kind: "unknown_type", url: typeUrl }] };
    }
    const answered = this.#types.answered(typeUrl, request);
    // Whatever the nonce: requests come in order, and each has all the names that the client wants.
    this.#types.get(typeUrl).want(names, version);
    const { responses, events } = this.advance();
    return { responses, events: [...answered, ...events] };
  }

  /** Everything that may be sent now; to be called after every change of the cache. */
  advance(): SotwOutput {
    const { sent, events } = this.#types.advance();
    return { responses: sent.map(({ typeUrl, nonce, payload }) => ({ typeUrl, nonce, payload })), events };
  }

  statuses(): Iterable<ResourceStatus> {
    return this.#types.statuses();
  }

  close(): void {
    this.#types.close();
  }

  /** A type that we have nothing of is answered once, with nothing, so that the client does not wait for it. */
  #refuse(typeUrl: string): readonly SotwResponse[] {
    if (this.#refused.has(typeUrl)) return [];
    this.#refused.add(typeUrl);
    return [{ typeUrl, nonce: this.#types.nextNonce(), payload: { resources: [], version: "0" } }];
  }
}
