import { isTypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import { type DeltaOptions, type DeltaPayload, DeltaSubscription } from "./delta_subscription.ts";
import type { StreamEvent } from "./event.ts";
import type { ResourceStatus } from "./resource_status.ts";
import { StreamTypes } from "./stream_types.ts";

/** What matters of a `DeltaDiscoveryRequest`. */
export interface DeltaRequest {
  readonly typeUrl: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initialVersions: Readonly<Record<string, string>>;
  /** Empty where the request answers no response. */
  readonly nonce: string;
  /** The client's words when it rejects the response of that nonce; absent otherwise. */
  readonly error?: string;
}

/** What a `DeltaDiscoveryResponse` is made of. */
export interface DeltaResponse {
  readonly typeUrl: string;
  readonly nonce: string;
  /** For people only: the generation that the client now has. */
  readonly version: string;
  readonly payload: DeltaPayload;
}

export interface DeltaOutput {
  readonly responses: readonly DeltaResponse[];
  readonly events: readonly StreamEvent[];
}

/** One client's delta stream over all its types: requests and changes in, responses out. Sends nothing itself. */
export class DeltaStream {
  readonly #types: StreamTypes<DeltaPayload, DeltaSubscription>;

  constructor(views: ViewSource, options: DeltaOptions = {}) {
    this.#types = new StreamTypes(views, (view) => new DeltaSubscription(view, options));
  }

  /** True when the client is so far behind that it has to connect anew. */
  get lost(): boolean {
    return this.#types.lost;
  }

  /** The generation up to which the client has everything; -1 before it does. */
  get progress(): number {
    return this.#types.progress;
  }

  receive(request: DeltaRequest): DeltaOutput {
    const { typeUrl } = request;
    if (!isTypeUrl(typeUrl)) {
      return { responses: this.#refuse(request), events: [{ kind: "unknown_type", url: typeUrl }] };
    }
    const answered = this.#types.answered(typeUrl, request);
    // Whatever the nonce: subscriptions count.
    this.#types.get(typeUrl).want(request);
    const { responses, events } = this.advance();
    return { responses, events: [...answered, ...events] };
  }

  /** Everything that may be sent now; to be called after every change of the cache. */
  advance(): DeltaOutput {
    const { sent, events } = this.#types.advance();
    const responses = sent.map(({ typeUrl, nonce, generation, payload }) => ({
      typeUrl,
      nonce,
      version: String(generation),
      payload,
    }));
    return { responses, events };
  }

  statuses(): Iterable<ResourceStatus> {
    return this.#types.statuses();
  }

  close(): void {
    this.#types.close();
  }

  /** A type that we have nothing of: each name is answered, so that the client does not wait for it. */
  #refuse({ typeUrl, subscribe, unsubscribe, nonce }: DeltaRequest): readonly DeltaResponse[] {
    if (subscribe.length === 0 && (nonce !== "" || unsubscribe.length > 0)) return [];
    const removed = subscribe.filter((name) => name !== "*");
    const payload = { resources: [], removed, unknown: [] };
    return [{ typeUrl, nonce: this.#types.nextNonce(), version: "0", payload }];
  }
}
