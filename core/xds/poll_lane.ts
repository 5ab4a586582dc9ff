import type { TypeUrl } from "../cache/resource_type.ts";
import type { ResourceView } from "../cache/resource_view.ts";
import type { StreamEvent } from "./event.ts";
import type { Ordered } from "./order.ts";
import { type SotwPayload, SotwSubscription } from "./sotw_subscription.ts";

/** What matters of a poll. */
export interface Poll {
  /** One client may have several subscriptions to a type, each of which polls on its own; this tells them apart. */
  readonly lane: string;
  readonly typeUrl: TypeUrl;
  readonly names: readonly string[];
  /** The version that the client has, empty for none. */
  readonly version: string;
  /** The client's words when it rejects the last answer; Envoy itself says nothing. */
  readonly error?: string;
}

interface Sent {
  readonly payload: SotwPayload;
  /** How often it went out and may have arrived. */
  tries: number;
}

/**
 * An answer may be lost on its way, and then the next poll says what one says that rejects it. Lost three times, with
 * nothing said of it by the network, it is taken for rejected.
 */
const MAX_TRIES = 3;

const REJECTED = "It polls again without having taken the answer; its own log says why";

/** One subscription that polls: its version is the acknowledgement of the last answer, for there is no nonce. */
export class PollLane {
  readonly key: string;
  readonly subscription: SotwSubscription;
  /** Whether it had something when it began. */
  readonly resumed: boolean;
  /** Whether a poll waits for an answer. */
  waiting = false;
  /** When it last polled, or was last answered. */
  heardAtMs = 0;
  #version: string;
  #sent: Sent | undefined;

  constructor(view: ResourceView, { lane, names, version }: Poll) {
    this.key = lane;
    this.subscription = new SotwSubscription(view);
    this.resumed = version !== "";
    this.#version = version;
    this.subscription.want(names, version);
  }

  /** What the poll says of the last answer. Nothing where it says what it cannot: it is of another stream, then. */
  hear({ version, error }: Poll): readonly StreamEvent[] | undefined {
    const sent = this.#sent;
    if (sent && version === sent.payload.version) {
      this.#version = version;
      this.#sent = undefined;
      return this.subscription.answered();
    }
    if (version !== this.#version) return undefined;
    if (!sent || (error === undefined && sent.tries < MAX_TRIES)) return [];
    this.#sent = undefined;
    return this.subscription.answered(error ?? REJECTED);
  }

  /** The payload is the answer to the poll that waits. */
  answer(payload: SotwPayload): SotwPayload {
    this.waiting = false;
    this.#sent = { payload, tries: 1 };
    return payload;
  }

  /** The last answer once more, if it was not taken. */
  repeat(): SotwPayload | undefined {
    if (!this.#sent) return undefined;
    this.waiting = false;
    this.#sent.tries++;
    return this.#sent.payload;
  }

  /** The answer did not arrive: this says nothing about whether the client takes it. */
  lost(payload: SotwPayload): void {
    if (this.#sent?.payload === payload) this.#sent.tries--;
  }
}

/** All lanes of one type, as the order sees them. */
export class TypeLanes implements Ordered {
  readonly lanes = new Set<PollLane>();

  get settled(): number {
    return this.#earliest("settled");
  }

  get cleared(): number {
    return this.#earliest("cleared");
  }

  get unfinished(): number {
    let count = 0;
    for (const { subscription } of this.lanes) count += subscription.backlog.unfinished;
    return count;
  }

  unsettled(sessionId: string, generation: number): boolean {
    return this.#some(({ backlog }) => backlog.unsettled(sessionId, generation));
  }

  uncleared(sessionId: string | undefined): boolean {
    return this.#some(({ backlog }) => backlog.uncleared(sessionId));
  }

  #earliest(progress: "settled" | "cleared"): number {
    let earliest = Infinity;
    for (const { subscription } of this.lanes) earliest = Math.min(earliest, subscription.backlog[progress]);
    return earliest;
  }

  #some(condition: (subscription: SotwSubscription) => boolean): boolean {
    for (const { subscription } of this.lanes) if (condition(subscription)) return true;
    return false;
  }
}
