import type { EchoClient } from "../../core/dev/echo_client.ts";

/** What a load saw. */
export interface LoadReport {
  readonly calls: number;
  /** Each with when it was, in milliseconds from the load's start. */
  readonly failures: readonly { readonly atMs: number; readonly code: string; readonly message: string }[];
  /** Calls by the backend that answered. */
  readonly byBackend: Readonly<Record<string, number>>;
}

/** Calls without pause until `stop()`. */
export interface Load extends AsyncDisposable {
  /** Resolves once `backend` has answered a call that began after this was called. */
  answeredBy(backend: string): Promise<void>;
  /** Resolves once `count` more calls have ended. */
  moreCalls(count: number): Promise<void>;
  stop(): Promise<LoadReport>;
}

/** A load that nobody stops ends here. */
const MAX_CALLS = 200_000;

/** Each client calls `say()` again and again, one call after the other. */
export function startLoad(clients: readonly Pick<EchoClient, "say">[]): Load {
  const startedAtMs = performance.now();
  const failures: { readonly atMs: number; readonly code: string; readonly message: string }[] = [];
  const byBackend: Record<string, number> = {};
  const watchers = new Set<(call: { readonly began: number; readonly backend?: string }) => void>();
  let calls = 0;
  let running = true;

  const loops = clients.map(async (client) => {
    while (running && calls < MAX_CALLS) {
      const began = performance.now();
      const result = await client.say({ text: "load" });
      calls++;
      if (result.ok) byBackend[result.reply.backend] = (byBackend[result.reply.backend] ?? 0) + 1;
      else {
        failures.push({ atMs: Math.round(began - startedAtMs), code: result.codeName, message: result.message });
      }
      for (const watcher of watchers) watcher(result.ok ? { began, backend: result.reply.backend } : { began });
    }
  });

  function wait(what: string, seen: (call: { readonly began: number; readonly backend?: string }) => boolean) {
    return new Promise<void>((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        watchers.delete(watcher);
      };
      const watcher = (call: { readonly began: number; readonly backend?: string }) => {
        if (!seen(call)) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => {
        end();
        const last = JSON.stringify(failures.slice(-3));
        reject(new Error(`The load waited 10 s for ${what}; it saw ${JSON.stringify(byBackend)}, failures ${last}`));
      }, 10_000);
      watchers.add(watcher);
    });
  }

  async function stop(): Promise<LoadReport> {
    running = false;
    await Promise.all(loops);
    return { calls, failures, byBackend };
  }

  return {
    answeredBy(backend) {
      const from = performance.now();
      return wait(`an answer of "${backend}"`, (call) => call.began >= from && call.backend === backend);
    },
    moreCalls(count) {
      let left = count;
      return wait(`${count} calls`, () => --left <= 0);
    },
    stop,
    [Symbol.asyncDispose]: async () => void await stop(),
  };
}
