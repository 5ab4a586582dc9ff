import { isTypeUrl, type TypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import { type DeltaPayload, DeltaSubscription } from "./delta_subscription.ts";
import type { StreamEvent } from "./event.ts";
import { limitsOf, ORDER, progressOf } from "./order.ts";
import type { ResourceStatus } from "./resource_status.ts";

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

interface Subscribed {
  readonly subscription: DeltaSubscription;
  /** The nonce of the response in flight. */
  nonce: string | undefined;
}

/** One client's delta stream over all its types: requests and changes in, responses out. Sends nothing itself. */
export class DeltaStream {
  readonly #cache: ViewSource;
  readonly #types = new Map<TypeUrl, Subscribed>();
  #sent = 0;

  constructor(cache: ViewSource) {
    this.#cache = cache;
  }

  /** True when the client is so far behind that it has to connect anew. */
  get lost(): boolean {
    for (const { subscription } of this.#types.values()) if (subscription.lost) return true;
    return false;
  }

  /** The generation up to which the client has everything; -1 before it does. */
  get progress(): number {
    return progressOf(this.#types);
  }

  receive(request: DeltaRequest): DeltaOutput {
    const { typeUrl } = request;
    if (!isTypeUrl(typeUrl)) {
      return { responses: this.#refuse(request), events: [{ kind: "unknown_type", url: typeUrl }] };
    }
    const type = this.#type(typeUrl);
    const events: StreamEvent[] = [];
    // Any other nonce is that of a response which was answered before, or of another stream.
    if (request.nonce !== "" && request.nonce === type.nonce) {
      type.nonce = undefined;
      events.push(...type.subscription.answered(request.error));
    }
    type.subscription.want(request);
    const output = this.advance();
    return { responses: output.responses, events: [...events, ...output.events] };
  }

  /** Everything that may be sent now; to be called after every change of the cache. */
  advance(): DeltaOutput {
    const responses: DeltaResponse[] = [];
    const events: StreamEvent[] = [];
    for (let again = true; again;) {
      again = false;
      for (const rule of ORDER) {
        const type = this.#types.get(rule.typeUrl);
        if (!type) continue;
        const { subscription } = type;
        const { settled, cleared, forgotten } = subscription;
        const next = subscription.next(limitsOf(rule, this.#types));
        for (let i = forgotten; i < subscription.forgotten; i++) {
          events.push({ kind: "forgotten", typeUrl: rule.typeUrl });
        }
        // What settled without an answer from the client may let another type go.
        if (subscription.settled !== settled || subscription.cleared !== cleared) again = true;
        if (!next) continue;
        type.nonce = String(++this.#sent);
        const { typeUrl } = rule;
        const { payload, generation } = next;
        responses.push({ typeUrl, nonce: type.nonce, version: String(generation), payload });
        events.push({ kind: "sent", typeUrl, generation, resources: payload.resources.length });
      }
    }
    return { responses, events };
  }

  *statuses(): Iterable<ResourceStatus> {
    for (const { subscription } of this.#types.values()) yield* subscription.statuses();
  }

  close(): void {
    for (const { subscription } of this.#types.values()) subscription.close();
    this.#types.clear();
  }

  #type(typeUrl: TypeUrl): Subscribed {
    const existing = this.#types.get(typeUrl);
    if (existing) return existing;
    const subscription = new DeltaSubscription(this.#cache.view(typeUrl));
    const created: Subscribed = { subscription, nonce: undefined };
    this.#types.set(typeUrl, created);
    return created;
  }

  /** A type that we have nothing of: each name is answered, so that the client does not wait for it. */
  #refuse({ typeUrl, subscribe, nonce }: DeltaRequest): readonly DeltaResponse[] {
    if (nonce !== "" && subscribe.length === 0) return [];
    const removed = subscribe.filter((name) => name !== "*");
    return [{ typeUrl, nonce: String(++this.#sent), version: "0", payload: { resources: [], removed, unknown: [] } }];
  }
}
