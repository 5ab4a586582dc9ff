import { sendSignal } from "../../../core/dev/send_signal.ts";
import { until } from "../../../core/dev/until.ts";

/** A control plane in a process of its own; ends with this process, whichever way that ends short of SIGKILL. */
export interface ServerProcess extends AsyncDisposable {
  readonly pid: number;
}

/** Starts `command` and waits until `GET /readyz` is answered at `url`; its log goes to this process's stderr. */
export async function startServer(command: readonly string[], url: string): Promise<ServerProcess> {
  const [file = "", ...args] = command;
  const child = new Deno.Command(file, { args, stdin: "null", stdout: "null", stderr: "inherit" }).spawn();
  const endWithThisProcess = () => sendSignal(child, "SIGKILL");
  globalThis.addEventListener("unload", endWithThisProcess);
  let ended = false;
  const exited = child.status.then(() => {
    ended = true;
    globalThis.removeEventListener("unload", endWithThisProcess);
  });
  // Neither server has anything to put in order before it ends.
  const stop = async () => {
    sendSignal(child, "SIGKILL");
    await exited;
  };
  try {
    await until(async () => {
      if (ended) return true;
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5000) });
      await response.body?.cancel();
      return response.ok;
    }, { timeoutMs: 20_000, what: `an answer of ${file}` });
    if (ended) throw new Error(`Cannot start "${command.join(" ")}": it ended`);
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return { pid: child.pid, [Symbol.asyncDispose]: stop };
}
