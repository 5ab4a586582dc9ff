import type { Omission } from "../cache/resource_cache.ts";
import type { Timers } from "../timers.ts";
import { type Admission, type Client, nextClientId } from "./client.ts";
import type { ClientNode } from "./client_node.ts";
import type { ClientView } from "./client_status.ts";
import type { ClientObserver } from "./client_stream.ts";
import type { StreamEvent } from "./event.ts";
import type { Poll } from "./poll_lane.ts";
import { type PollAnswer, type PollOutput, PollStream } from "./poll_stream.ts";
import type { SotwPayload } from "./sotw_subscription.ts";

export interface PollersOptions {
  readonly observer: ClientObserver;
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
  /** The sessions that were left out since this was last called. */
  readonly takeOmissions: () => readonly Omission[];
  readonly omitted: (omission: Omission) => void;
  /** Default 1,000. */
  readonly maxPollers?: number;
}

export interface PollRequest {
  /** The same for all polls of one client. */
  readonly key: string;
  readonly node: ClientNode;
  readonly admission: Admission;
  readonly poll: Poll;
  /** How long to wait for something new. */
  readonly holdMs: number;
  /** Aborted when its client has hung up. */
  readonly gone: AbortSignal;
}

export interface PollResult {
  readonly payload: SotwPayload;
  /** To be called when the client is gone before it had the answer. */
  readonly lost: () => void;
}

interface Poller {
  readonly key: string;
  readonly client: Client;
  readonly stream: PollStream;
  /** By lane: ends the poll that waits there. */
  readonly waiting: Map<string, (result: PollResult | undefined) => void>;
  readonly cancelTimer: () => void;
  /** Stops what waits for its return after it has hung up. */
  cancelReturn: () => void;
  progress: number;
}

/** One that has not polled for so long is gone; what comes then is a new client, which may have everything. */
const FORGOTTEN_AFTER_MS = 60_000;
const SWEEP_MS = 10_000;

/** One that has hung up and does not poll again has ended: Envoys poll at the same time for all that they want. */
const RETURNS_WITHIN_MS = 2000;

/** The fleet that polled every five seconds, with as much jitter, has asked for its clusters by then. */
const CLUSTERS_WITHIN_MS = 10_000;

/** Clients that poll: each has a stream of its own, which outlives its polls. */
export class Pollers {
  readonly #options: PollersOptions;
  /** The one that polled least recently first. */
  readonly #pollers = new Map<string, Poller>();
  #cancelSweep = () => {};
  #closed = false;

  constructor(options: PollersOptions) {
    this.#options = options;
  }

  /** Who polls. */
  clients(): readonly ClientView[] {
    return Array.from(this.#pollers.values(), ({ client, stream }) => ({ client, statuses: () => stream.statuses() }));
  }

  /** Resolves when there is something to tell the client, or with nothing when there is not within the time. */
  poll(request: PollRequest): Promise<PollResult | undefined> {
    if (this.#closed) return Promise.resolve(undefined);
    const { poll, holdMs, gone } = request;
    const { timers, nowMs } = this.#options;
    const { poller, events } = this.#hear(request);
    // Its client has given it up, or there would not be another.
    poller.waiting.get(poll.lane)?.(undefined);
    const { promise, resolve } = Promise.withResolvers<PollResult | undefined>();
    const give = () => {
      end(undefined);
      poller.stream.release(poll.lane, nowMs());
    };
    const leave = () => {
      give();
      if (poller.waiting.size > 0) return;
      poller.cancelReturn = timers.after(RETURNS_WITHIN_MS, () => this.#end(poller));
    };
    const cancelTimer = timers.after(holdMs, give);
    gone.addEventListener("abort", leave);
    const end = (result: PollResult | undefined) => {
      cancelTimer();
      gone.removeEventListener("abort", leave);
      poller.waiting.delete(poll.lane);
      resolve(result);
    };
    poller.waiting.set(poll.lane, end);
    this.#tell(poller, events);
    this.#put(poller, poller.stream.advance());
    this.#reportOmissions();
    return promise;
  }

  /** The cache has changed. */
  advance(): void {
    this.#reportOmissions();
    for (const poller of this.#pollers.values()) this.#put(poller, poller.stream.advance());
  }

  /** Ends every poll that waits; those to come are told that there is nothing new. */
  close(): void {
    this.#closed = true;
    this.#cancelSweep();
    for (const poller of this.#pollers.values()) this.#end(poller);
  }

  /** The client's stream, and what the poll says; the stream is a new one where the poll does not go with what is known. */
  #hear(request: PollRequest): { readonly poller: Poller; readonly events: readonly StreamEvent[] } {
    const { key, admission, poll } = request;
    const now = this.#options.nowMs();
    const known = this.#pollers.get(key);
    known?.cancelReturn();
    if (known?.client.group === admission.group) {
      const events = known.stream.receive(poll, now);
      if (events) {
        this.#pollers.delete(key);
        this.#pollers.set(key, known);
        return { poller: known, events };
      }
    }
    if (known) this.#end(known);
    const poller = this.#begin(request);
    return { poller, events: poller.stream.receive(poll, now) ?? [] };
  }

  #begin({ key, node, admission: { group, dialect, views } }: PollRequest): Poller {
    const { observer, timers, maxPollers = 1000 } = this.#options;
    const [oldest] = this.#pollers.values();
    if (oldest && this.#pollers.size >= maxPollers) this.#end(oldest);
    const poller: Poller = {
      key,
      client: { id: nextClientId(), node, group, dialect, protocol: "rest" },
      stream: new PollStream(views),
      waiting: new Map(),
      cancelTimer: timers.after(CLUSTERS_WITHIN_MS, () => {
        poller.stream.expectNoClusters();
        this.#put(poller, poller.stream.advance());
      }),
      cancelReturn() {},
      progress: -1,
    };
    if (this.#pollers.size === 0) this.#armSweep();
    this.#pollers.set(key, poller);
    observer.opened(poller.client);
    return poller;
  }

  #end(poller: Poller): void {
    this.#pollers.delete(poller.key);
    poller.cancelTimer();
    poller.cancelReturn();
    for (const end of poller.waiting.values()) end(undefined);
    poller.stream.close();
    this.#options.observer.closed(poller.client);
  }

  #put(poller: Poller, { answers, events }: PollOutput): void {
    for (const answer of answers) this.#answer(poller, answer);
    this.#tell(poller, events);
    if (poller.stream.lost) this.#end(poller);
  }

  #answer({ stream, waiting }: Poller, answer: PollAnswer): void {
    waiting.get(answer.lane)?.({ payload: answer.payload, lost: () => stream.answerLost(answer) });
  }

  #tell(poller: Poller, events: readonly StreamEvent[]): void {
    const { observer } = this.#options;
    for (const event of events) observer.event(poller.client, event);
    const { progress } = poller.stream;
    if (progress === poller.progress) return;
    poller.progress = progress;
    observer.progressed(poller.client, progress);
  }

  #reportOmissions(): void {
    for (const omission of this.#options.takeOmissions()) this.#options.omitted(omission);
  }

  #armSweep(): void {
    const { timers, nowMs } = this.#options;
    this.#cancelSweep();
    this.#cancelSweep = timers.after(SWEEP_MS, () => {
      const since = nowMs() - FORGOTTEN_AFTER_MS;
      for (const poller of this.#pollers.values()) if (poller.stream.quietSinceMs <= since) this.#end(poller);
      if (this.#pollers.size > 0) this.#armSweep();
    });
  }
}
