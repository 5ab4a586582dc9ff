import type { Delivery } from "../../observe/deliveries.ts";
import type { Timers } from "../../timers.ts";
import type { ReceiptOf, Receipts } from "../receipts.ts";
import { describeRejections } from "./describe_rejections.ts";
import type { Answer, Answers } from "./replica_object.ts";
import type { Replicas } from "./replicas.ts";

/** What is asked: whether the Envoys have a session as it is, or everything up to a step of this replica's caches. */
export type Question = { readonly session: ReceiptOf } | { readonly step: number };

/** Where the Envoys of all replicas are: `live` where each has it, `nobody` where there is none that it concerns. */
export interface FleetDelivery {
  readonly state: "live" | "pending" | "rejected" | "nobody";
  /** Of the Envoys that are connected here. */
  readonly own: Delivery;
  /** In the words of Envoys of other replicas. */
  readonly rejections: readonly string[];
  /** The replicas that have not answered yet. */
  readonly unanswered: readonly string[];
}

export interface FleetReceiptsOptions {
  readonly receipts: Pick<Receipts, "ofSession" | "ofStep" | "listen">;
  readonly replicas: Pick<Replicas, "others" | "say" | "listen">;
  readonly timers: Timers;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

/** Answers are given at once, and then no more often than this, the less often the more is asked. */
const PACE_MS = 20;
const QUESTIONS_PER_MS = 10;
/** So many at once are given: an object must not be larger than 1.5 MB. Every replica gives those with the lowest keys. */
const MAX_ANSWERS = 5_000;
const REJECTED = "Rejected: ";
/** Of an Envoy's words. */
const MAX_LENGTH = 200;

/**
 * Whether something has reached the Envoys of all replicas. Every replica asks for itself, by keys that are the same
 * everywhere, and tells the one that leads what its own Envoys have. A replica that has not asked has not answered, and the
 * leader answers nobody: of two that hold themselves for that, neither hears that anything is live.
 */
export class FleetReceipts {
  readonly #options: FleetReceiptsOptions;
  readonly #questions = new Map<string, Question>();
  readonly #listeners = new Set<() => void>();
  #cancelPass: (() => void) | undefined;
  #nextPassAtMs = 0;
  #isLeader = false;
  #isClosed = false;

  constructor(options: FleetReceiptsOptions) {
    this.#options = options;
    const changed = () => {
      if (this.#questions.size > 0) this.#wake();
    };
    options.receipts.listen(changed);
    options.replicas.listen(changed);
  }

  /** Until `drop()`. */
  ask(key: string, question: Question): void {
    if (this.#questions.has(key)) return;
    this.#questions.set(key, question);
    this.#wake();
  }

  drop(key: string): void {
    if (this.#questions.delete(key)) this.#wake();
  }

  /** Whether this replica is the one that need not answer. */
  lead(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#wake();
  }

  /** What is known now; `undefined` where nobody asked here. */
  delivery(key: string): FleetDelivery | undefined {
    const question = this.#questions.get(key);
    if (!question) return undefined;
    const own = this.#ownOf(question);
    const answers = this.#options.replicas.others.map(({ name, answers }) => ({ name, answer: answers.get(key) }));
    const rejections = answers.flatMap(({ answer }) =>
      answer?.startsWith(REJECTED) ? [answer.slice(REJECTED.length)] : []
    );
    const unanswered = answers.filter(({ answer }) => answer === undefined).map(({ name }) => name);
    const of = (state: FleetDelivery["state"]) => ({ state, own, rejections, unanswered });
    if (own.state === "rejected" || rejections.length > 0) return of("rejected");
    if (unanswered.length > 0 || (own.state === "pending" && own.envoys.length > 0)) return of("pending");
    return of(own.envoys.length > 0 || answers.some(({ answer }) => answer === "Live") ? "live" : "nobody");
  }

  /** `listener` is told when a delivery could have become another. */
  listen(listener: () => void): void {
    this.#listeners.add(listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelPass?.();
  }

  #wake(): void {
    if (this.#cancelPass || this.#isClosed) return;
    const { timers, nowMs } = this.#options;
    this.#cancelPass = timers.after(Math.max(0, this.#nextPassAtMs - nowMs()), () => this.#pass());
  }

  #pass(): void {
    const { replicas, nowMs } = this.#options;
    this.#cancelPass = undefined;
    this.#nextPassAtMs = nowMs() + PACE_MS + this.#questions.size / QUESTIONS_PER_MS;
    replicas.say(this.#isLeader ? new Map() : this.#answers());
    for (const listener of this.#listeners) listener();
  }

  #answers(): Answers {
    const answers = new Map<string, Answer>();
    for (const [key, question] of this.#questions) {
      const answer = toAnswer(this.#ownOf(question));
      if (answer !== undefined) answers.set(key, answer);
    }
    return answers.size <= MAX_ANSWERS ? answers : new Map([...answers].sort(byKey).slice(0, MAX_ANSWERS));
  }

  #ownOf(question: Question): Delivery {
    const { receipts } = this.#options;
    return "step" in question ? receipts.ofStep(question.step) : receipts.ofSession(question.session);
  }
}

function byKey([a]: readonly [string, Answer], [b]: readonly [string, Answer]): number {
  return a < b ? -1 : 1;
}

function toAnswer({ state, envoys }: Delivery): Answer | undefined {
  if (envoys.length === 0) return "NoEnvoy";
  switch (state) {
    case "live":
      return "Live";
    case "rejected":
      return `${REJECTED}${describeRejections(envoys).slice(0, MAX_LENGTH)}`;
    case "pending":
      return undefined;
  }
}
