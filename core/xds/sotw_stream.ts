import type { ViewSource } from "../cache/view_source.ts";
import { isTypeUrl, type TypeUrl } from "../cache/resource_type.ts";
import type { StreamEvent } from "./event.ts";
import { limitsOf, ORDER, progressOf } from "./order.ts";
import { type SotwPayload, SotwSubscription } from "./sotw_subscription.ts";
import type { ResourceStatus } from "./resource_status.ts";

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

interface Subscribed {
  readonly subscription: SotwSubscription;
  nonce: string | undefined;
}

/** One client's state-of-the-world stream over all its types: requests and changes in, responses out. */
export class SotwStream {
  readonly #cache: ViewSource;
  readonly #types = new Map<TypeUrl, Subscribed>();
  readonly #refused = new Set<string>();
  #sent = 0;

  constructor(cache: ViewSource) {
    this.#cache = cache;
  }

  get lost(): boolean {
    for (const { subscription } of this.#types.values()) if (subscription.lost) return true;
    return false;
  }

  /** The generation up to which the client has everything; -1 before it does. */
  get progress(): number {
    return progressOf(this.#types);
  }

  receive(request: SotwRequest): SotwOutput {
    const { typeUrl } = request;
    if (!isTypeUrl(typeUrl)) {
      return { responses: this.#refuse(typeUrl), events: [{ kind: "unknown_type", url: typeUrl }] };
    }
    const first = !this.#types.has(typeUrl);
    const type = this.#type(typeUrl);
    const events: StreamEvent[] = [];
    if (request.nonce !== "" && request.nonce === type.nonce) {
      type.nonce = undefined;
      events.push(...type.subscription.answered(request.error));
    }
    type.subscription.want(request.names, { first, version: request.version });
    const output = this.advance();
    return { responses: output.responses, events: [...events, ...output.events] };
  }

  /** Everything that may be sent now; to be called after every change of the cache. */
  advance(): SotwOutput {
    const responses: SotwResponse[] = [];
    const events: StreamEvent[] = [];
    for (let again = true; again;) {
      again = false;
      for (const rule of ORDER) {
        const type = this.#types.get(rule.typeUrl);
        if (!type) continue;
        const { subscription } = type;
        const { settled, cleared } = subscription;
        const next = subscription.next(limitsOf(rule, this.#types));
        if (subscription.settled !== settled || subscription.cleared !== cleared) again = true;
        if (!next) continue;
        type.nonce = String(++this.#sent);
        const { typeUrl } = rule;
        const { payload, generation } = next;
        responses.push({ typeUrl, nonce: type.nonce, payload });
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
    const subscription = new SotwSubscription(this.#cache.view(typeUrl));
    const created: Subscribed = { subscription, nonce: undefined };
    this.#types.set(typeUrl, created);
    return created;
  }

  /** A type that we have nothing of is answered once, with nothing, so that the client does not wait for it. */
  #refuse(typeUrl: string): readonly SotwResponse[] {
    if (this.#refused.has(typeUrl)) return [];
    this.#refused.add(typeUrl);
    return [{ typeUrl, nonce: String(++this.#sent), payload: { resources: [], version: "0" } }];
  }
}
