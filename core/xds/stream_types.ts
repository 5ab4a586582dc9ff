import type { ResourceView } from "../cache/resource_view.ts";
import type { ViewSource } from "../cache/view_source.ts";
import { LISTENER, type TypeUrl } from "../cache/resource_type.ts";
import type { Backlog } from "./backlog.ts";
import type { StreamEvent } from "./event.ts";
import type { ResourceStatus } from "./resource_status.ts";
import { type Limits, limitsOf, ORDER, ROUTES } from "./order.ts";

/** One type on one stream, in either protocol. */
export interface Subscription<Payload> {
  readonly backlog: Backlog;
  /** How many names were forgotten, because the client asks for too many that nobody has. */
  readonly forgotten: number;
  /** What to send now, if anything; it is then in flight until `answered`. */
  next(limits: Limits): Next<Payload> | undefined;
  /**
   * The client accepted the response in flight, or rejected it with `error`.
   * @returns what watchers should know.
   */
  answered(error?: string): readonly StreamEvent[];
}

export interface Next<Payload> {
  readonly payload: Payload;
  /** Where the client is when it has acknowledged. */
  readonly generation: number;
}

export interface Sent<Payload> extends Next<Payload> {
  readonly typeUrl: TypeUrl;
  readonly nonce: string;
}

/** All types of one stream: they are sent in their order, each with at most one response in flight. */
export class StreamTypes<Payload extends { readonly resources: readonly unknown[] }, S extends Subscription<Payload>> {
  readonly #views: ViewSource;
  readonly #subscribe: (view: ResourceView) => S;
  readonly #types = new Map<TypeUrl, S>();
  /** The nonces of the responses in flight. */
  readonly #nonces = new Map<TypeUrl, string>();
  #sent = 0;
  #heard = false;

  constructor(views: ViewSource, subscribe: (view: ResourceView) => S) {
    this.#views = views;
    this.#subscribe = subscribe;
  }

  get lost(): boolean {
    for (const { backlog } of this.#types.values()) if (backlog.lost) return true;
    return false;
  }

  /**
   * The generation up to which the client has everything, of all types that it subscribes to; -1 before it does. An Envoy
   * that has its listeners is not done until it has asked for the routes that they need.
   */
  get progress(): number {
    if (this.#types.size === 0) return -1;
    const listening = this.#types.has(LISTENER) && this.#views.view(LISTENER).size > 0;
    if (listening && !ROUTES.some((type) => this.#types.has(type))) return -1;
    let progress = Infinity;
    for (const { backlog } of this.#types.values()) progress = Math.min(progress, backlog.cleared);
    return progress;
  }

  /** The subscription of a type; it begins when it is first asked for. */
  get(typeUrl: TypeUrl): S {
    const existing = this.#types.get(typeUrl);
    if (existing) return existing;
    const created = this.#subscribe(this.#views.view(typeUrl));
    this.#types.set(typeUrl, created);
    return created;
  }

  nextNonce(): string {
    return String(++this.#sent);
  }

  /** Takes an answer for what it is, unless the nonce is that of a response that was answered before. */
  answered(typeUrl: TypeUrl, { nonce, error }: { readonly nonce: string; readonly error?: string }) {
    if (nonce === "" || nonce !== this.#nonces.get(typeUrl)) return [];
    this.#nonces.delete(typeUrl);
    this.#heard = true;
    return this.get(typeUrl).answered(error);
  }

  /** Everything that may be sent now. */
  advance(): { readonly sent: readonly Sent<Payload>[]; readonly events: readonly StreamEvent[] } {
    const sent: Sent<Payload>[] = [];
    const events: StreamEvent[] = [];
    for (let again = true; again;) {
      again = false;
      for (const rule of ORDER) {
        const subscription = this.#types.get(rule.typeUrl);
        if (!subscription) continue;
        const { backlog, forgotten } = subscription;
        const { settled, cleared, unfinished } = backlog;
        const next = subscription.next(limitsOf(rule, { types: this.#types, heard: this.#heard }));
        const { typeUrl } = rule;
        for (let i = forgotten; i < subscription.forgotten; i++) events.push({ kind: "forgotten", typeUrl });
        // What was settled without an answer from the client may let another type go.
        again ||= backlog.settled !== settled || backlog.cleared !== cleared || backlog.unfinished < unfinished;
        if (!next) continue;
        const nonce = this.nextNonce();
        this.#nonces.set(typeUrl, nonce);
        sent.push({ ...next, typeUrl, nonce });
        events.push({ kind: "sent", typeUrl, generation: next.generation, resources: next.payload.resources.length });
      }
    }
    return { sent, events };
  }

  /** How far the client is with everything that it gets. */
  *statuses(): Iterable<ResourceStatus> {
    for (const { backlog } of this.#types.values()) yield* backlog.statuses();
  }

  close(): void {
    for (const { backlog } of this.#types.values()) backlog.close();
    this.#types.clear();
  }
}
