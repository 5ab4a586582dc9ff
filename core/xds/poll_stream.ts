import { CLUSTER, LISTENER, type TypeUrl } from "../cache/resource_type.ts";
import type { ViewSource } from "../cache/view_source.ts";
import type { StreamEvent } from "./event.ts";
import { limitsOf, ORDER, ROUTES } from "./order.ts";
import { type Poll, PollLane, TypeLanes } from "./poll_lane.ts";
import type { ResourceStatus } from "./resource_status.ts";
import type { SotwPayload } from "./sotw_subscription.ts";

export interface PollAnswer {
  readonly lane: string;
  readonly payload: SotwPayload;
}

export interface PollOutput {
  readonly answers: readonly PollAnswer[];
  readonly events: readonly StreamEvent[];
}

/** More than an Envoy has subscriptions. */
const MAX_LANES = 1000;

/**
 * One client that polls, over all its types: polls and changes in, answers out. The same order and the same quarantine as on
 * a stream, but an answer can only be given to a poll that waits, and until then what it will say is open.
 */
export class PollStream {
  readonly #views: ViewSource;
  readonly #lanes = new Map<string, PollLane>();
  readonly #types = new Map<TypeUrl, { readonly backlog: TypeLanes }>();
  /** Polls come in any order: routes that a client has wait for a while, so that its clusters can come first. */
  #expectsClusters = true;
  #heard = false;

  constructor(views: ViewSource) {
    this.#views = views;
  }

  get lost(): boolean {
    for (const { subscription } of this.#lanes.values()) if (subscription.backlog.lost) return true;
    return false;
  }

  /** The generation up to which the client has everything; -1 before it does, and before it asks for its listeners' routes. */
  get progress(): number {
    const listening = this.#types.has(LISTENER) && this.#views.view(LISTENER).size > 0;
    if (this.#lanes.size === 0 || (listening && !ROUTES.some((type) => this.#types.has(type)))) return -1;
    let progress = Infinity;
    for (const { backlog } of this.#types.values()) progress = Math.min(progress, backlog.cleared);
    return progress;
  }

  /** The earliest time at which a lane that no poll waits on was heard of; infinite without any. */
  get quietSinceMs(): number {
    let earliest = Infinity;
    for (const { waiting, heardAtMs } of this.#lanes.values()) if (!waiting) earliest = Math.min(earliest, heardAtMs);
    return earliest;
  }

  /**
   * Takes what a poll says; it then waits for an answer from `advance`. Nothing where that contradicts what is known of the
   * client: it has begun anew, or there are several, and a new stream has to begin.
   */
  receive(poll: Poll, nowMs: number): readonly StreamEvent[] | undefined {
    const known = this.#lanes.get(poll.lane);
    if (!known && this.#lanes.size >= MAX_LANES) return undefined;
    const events = known ? known.hear(poll) : [];
    if (!events) return undefined;
    if (events.length > 0) this.#heard = true;
    const lane = known ?? this.#open(poll);
    lane.waiting = true;
    lane.heardAtMs = nowMs;
    return events;
  }

  /** The answers that can be given now; to be called after every change of the cache and every poll. */
  advance(): PollOutput {
    const answers: PollAnswer[] = [];
    const events: StreamEvent[] = [];
    for (let again = true; again;) {
      again = false;
      for (const rule of ORDER) {
        const type = this.#types.get(rule.typeUrl)?.backlog;
        if (!type) continue;
        const { settled, cleared, unfinished } = type;
        const awaitsClusters = this.#awaitsClusters && rule.upsertsAfter.includes(CLUSTER);
        // No type waits for itself: the limits are the same for all its lanes.
        const limits = limitsOf(rule, { types: this.#types, heard: this.#heard });
        for (const lane of type.lanes) {
          if (!lane.waiting) continue;
          const repeated = lane.repeat();
          if (repeated) answers.push({ lane: lane.key, payload: repeated });
          if (repeated || (awaitsClusters && lane.resumed)) continue;
          const next = lane.subscription.next(limits);
          if (!next) continue;
          const { payload, generation } = next;
          answers.push({ lane: lane.key, payload: lane.answer(payload) });
          events.push({ kind: "sent", typeUrl: rule.typeUrl, generation, resources: payload.resources.length });
        }
        // What was settled without an answer from the client may let another type go.
        again ||= type.settled !== settled || type.cleared !== cleared || type.unfinished < unfinished;
      }
    }
    return { answers, events };
  }

  /** The poll on this lane waits no longer. */
  release(lane: string, nowMs: number): void {
    const known = this.#lanes.get(lane);
    if (!known) return;
    known.waiting = false;
    known.heardAtMs = nowMs;
  }

  /** The answer did not arrive. */
  answerLost({ lane, payload }: PollAnswer): void {
    this.#lanes.get(lane)?.lost(payload);
  }

  /** The client has had its time to ask for clusters: if it has not, it does not ask here. */
  expectNoClusters(): void {
    this.#expectsClusters = false;
  }

  *statuses(): Iterable<ResourceStatus> {
    for (const { subscription } of this.#lanes.values()) yield* subscription.backlog.statuses();
  }

  close(): void {
    for (const { subscription } of this.#lanes.values()) subscription.backlog.close();
    this.#lanes.clear();
    this.#types.clear();
  }

  get #awaitsClusters(): boolean {
    return this.#expectsClusters && !this.#types.has(CLUSTER);
  }

  #open(poll: Poll): PollLane {
    const view = this.#views.view(poll.typeUrl);
    const lane = new PollLane(view, poll);
    this.#lanes.set(poll.lane, lane);
    const type = this.#types.get(poll.typeUrl) ?? { backlog: new TypeLanes() };
    type.backlog.lanes.add(lane);
    this.#types.set(poll.typeUrl, type);
    return lane;
  }
}
