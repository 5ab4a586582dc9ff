import { z } from "zod";

/** What the API server says when it refuses a request (`meta/v1` Status). */
const statusSchema = z.object({
  code: z.int().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

/** A request that the API server refused, or that did not reach it. */
export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  /** The HTTP status; 0 where there was no answer. */
  readonly status: number;
  /** A word of Kubernetes such as `AlreadyExists`; empty where there was none. */
  readonly reason: string;
  /** How long to wait before the next try, where the API server says so. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { readonly status: number; readonly reason?: string; readonly retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.status = options.status;
    this.reason = options.reason ?? "";
    this.retryAfterMs = options.retryAfterMs;
  }

  /** Of a `Status`, as the body of an answer or as the object of a watch's ERROR. */
  static fromStatus(body: unknown, options: { readonly status: number; readonly retryAfterMs?: number }) {
    const parsed = statusSchema.safeParse(body);
    const { code = options.status, reason = "", message = `it answered ${options.status}` } = parsed.data ?? {};
    return new KubernetesError(message, { ...options, status: code, reason });
  }

  /** What a request threw that got no answer. */
  static fromFailure(thrown: unknown): KubernetesError {
    if (thrown instanceof KubernetesError) return thrown;
    return new KubernetesError(describe(thrown), { status: 0, cause: thrown });
  }
}

/** `fetch()` says the reason in its cause only. */
function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  if (thrown.name === "TimeoutError") return "it does not answer";
  return thrown.cause instanceof Error ? thrown.cause.message : thrown.message;
}
