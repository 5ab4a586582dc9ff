import type { Config } from "../config/config.ts";

/** Everything outside that a command touches, but for files. */
export interface CommandIo {
  /** All of standard input. */
  in(): Promise<string>;
  /** Writes to standard output as it is; the caller ends its lines. */
  out(text: string): void;
  /** Writes to standard error as it is; the caller ends its lines. */
  err(text: string): void;
  /** An environment variable; absent or empty is undefined. */
  env(name: string): string | undefined;
  fetch(url: URL, init: RequestInit & { readonly client?: Deno.HttpClient }): Promise<Response>;
  /**
   * Rejects with the reason of `signal` where that is aborted during the start. From then on this process cannot start
   * another, whatever a plugin does, unless a kubeconfig may name one.
   */
  createSignalbox(config: Config, signal: AbortSignal): Promise<RunningSignalbox>;
  /**
   * Resolves at the first SIGINT or SIGTERM after the call; a second one ends the process at once. With `hangUp` the end
   * of the terminal is such a signal too; without, what was started with `nohup` goes on.
   */
  untilStopped(options?: { readonly hangUp?: boolean }): Promise<void>;
}

export interface RunningSignalbox {
  readonly httpUrl: string;
  readonly xdsAddress: string;
  close(): Promise<void>;
}
