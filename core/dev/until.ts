export interface UntilOptions {
  /** Default 10,000. */
  readonly timeoutMs?: number;
  /** Between one try and the next. Default 20. */
  readonly intervalMs?: number;
  /** For the error: what was waited for. */
  readonly what?: string;
  /** Said in the error too: what there was instead. */
  readonly otherwise?: () => unknown;
}

/** Tries `condition` until it gives something truthy, which is returned; throws when the time is over. */
export async function until<Result>(
  condition: () => Result | Promise<Result>,
  options: UntilOptions = {},
): Promise<Exclude<Awaited<Result>, undefined | null | false>> {
  const { timeoutMs = 10_000, intervalMs = 20, what = "the condition" } = options;
  const endsAtMs = performance.now() + timeoutMs;
  let lastError: unknown;
  while (true) {
    try {
      const result = await condition();
      if (result) return result as Exclude<Awaited<Result>, undefined | null | false>;
      lastError = undefined;
    } catch (thrown) {
      lastError = thrown;
    }
    if (performance.now() >= endsAtMs) break;
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
  }
  const found = options.otherwise === undefined ? "" : `; instead: ${JSON.stringify(options.otherwise())}`;
  throw new Error(`Cannot go on: ${what} did not come within ${timeoutMs} ms${found}`, { cause: lastError });
}
