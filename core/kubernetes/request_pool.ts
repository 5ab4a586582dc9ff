import type { Timers } from "../timers.ts";
import { Backoff } from "./backoff.ts";
import { KubernetesError } from "./kubernetes_error.ts";

export interface RequestPoolOptions {
  /** How many requests are under way at once. */
  readonly limit: number;
  readonly timers: Timers;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** What came of a request: `failed` is final, for the API server was asked and refused. */
export type RequestOutcome = "done" | "aborted" | { readonly failed: KubernetesError };

/** Requests in the order in which they came, some at a time. While the API server is away they wait for it. */
export class RequestPool {
  readonly #options: RequestPoolOptions;
  readonly #waiting: (() => void)[] = [];
  #active = 0;

  constructor(options: RequestPoolOptions) {
    this.#options = options;
  }

  /** Does `request`, again and again where it does not get through. It should heed `signal` itself. */
  async run(request: () => Promise<unknown>, signal: AbortSignal): Promise<RequestOutcome> {
    await this.#enter();
    const backoff = new Backoff(this.#options.random);
    try {
      while (!signal.aborted) {
        try {
          await request();
          return "done";
        } catch (thrown) {
          const failed = KubernetesError.fromFailure(thrown);
          if (!isPassing(failed)) return { failed };
          await this.#pause(Math.max(backoff.next(), failed.retryAfterMs ?? 0), signal);
        }
      }
      return "aborted";
    } finally {
      this.#leave();
    }
  }

  async #enter(): Promise<void> {
    if (this.#active < this.#options.limit) this.#active++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#active--;
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.timers.after(delayMs, resolve);
    const aborted = () => resolve();
    signal.addEventListener("abort", aborted);
    await promise;
    cancel();
    signal.removeEventListener("abort", aborted);
  }
}

/** Whether the same request may get through later: there was no answer, or none that is about the request. */
function isPassing({ status }: KubernetesError): boolean {
  return status === 0 || status === 429 || status >= 500;
}
