import type { CommandIo } from "./command_io.ts";

/** Exit codes by the shells' custom: ended by SIGINT, and by the end of whoever read the output, as in `| head`. */
const INTERRUPTED = 130;
const NO_READER = 141;

/** The real process. */
export const processIo: CommandIo = {
  in: () => new Response(Deno.stdin.readable).text(),
  out: (text) => write(Deno.stdout, text),
  err: (text) => write(Deno.stderr, text),
  env: (name) => Deno.env.get(name) || undefined,
  fetch: (url, init) => fetch(url, init),
  async createSignalbox(config, signal) {
    // A kubeconfig may name a program that gives credentials.
    if (config.kubernetes === undefined && config.store.kind !== "kubernetes") {
      await Deno.permissions.revoke({ name: "run" });
    }
    const { configureLog } = await import("../observe/log.ts");
    await configureLog(config.log);
    const { createSignalbox } = await import("../signalbox.ts");
    return await createSignalbox(config, { signal });
  },
  untilStopped: ({ hangUp = false } = {}) =>
    new Promise((resolve) => {
      let stopping = false;
      const stop = () => {
        if (stopping) Deno.exit(INTERRUPTED);
        stopping = true;
        resolve();
      };
      Deno.addSignalListener("SIGINT", stop);
      Deno.addSignalListener("SIGTERM", stop);
      if (hangUp) Deno.addSignalListener("SIGHUP", stop);
    }),
};

/** Synchronous: the process may exit right after. */
function write(target: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let rest = new TextEncoder().encode(text);
  try {
    while (rest.length > 0) rest = rest.subarray(target.writeSync(rest));
  } catch (thrown) {
    // EIO is what a terminal says that is gone.
    if (thrown instanceof Deno.errors.BrokenPipe || Reflect.get(Object(thrown), "code") === "EIO") Deno.exit(NO_READER);
    throw thrown;
  }
}
