import { formatFailure } from "../command/explanation_text.ts";
import type { TasksClient } from "../command/tasks_client.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { createEchoClient, describeFailure, type EchoTarget } from "./echo_client.ts";
import { until } from "./until.ts";

export interface TryOutOptions {
  readonly tasks: Pick<TasksClient, "add" | "explain">;
  readonly sessions: readonly { readonly id: string; readonly address: string; readonly port: number }[];
  /** How a session's host is reached through Envoy; absent where there is none to wait for and to call. */
  readonly targetOf?: (host: string) => Promise<EchoTarget>;
  /** How long a session that is live may take to answer. Default 10,000. */
  readonly timeoutMs?: number;
}

export interface TryOut {
  /** Why sessions are not there, as in `blue is not served: …`. */
  readonly problems: readonly string[];
  /** To the first session that is there; absent where none answers. */
  readonly call?: { readonly host: string; readonly backend: string; readonly tookMs: number };
}

/** How long Envoy may take to have what Signalbox has. */
const WAIT = "10s";

/**
 * Registers the sessions, and calls the first that is live: an Envoy that has not heard of Signalbox yet still answers
 * with the routes of the one before. What fails is told, not thrown.
 */
export async function tryOut({ tasks, sessions, targetOf, timeoutMs = 10_000 }: TryOutOptions): Promise<TryOut> {
  const problems: string[] = [];
  const hosts: string[] = [];
  for (const session of sessions) {
    try {
      hosts.push(await register(session));
    } catch (thrown) {
      problems.push(reasonOf(thrown));
    }
  }
  const [host] = hosts;
  if (host === undefined || targetOf === undefined) return { problems };
  try {
    return { problems, call: { host, ...await callOnce(await targetOf(host), timeoutMs) } };
  } catch (thrown) {
    return { problems: [...problems, reasonOf(thrown)] };
  }

  /** The session's host. */
  async function register(session: TryOutOptions["sessions"][number]): Promise<string> {
    const { id } = session;
    const added = await tasks.add(session, targetOf && WAIT).catch((thrown: unknown) => {
      if (!(thrown instanceof SignalboxError) || thrown.issues.length === 0) throw thrown;
      const issues = thrown.issues.map(({ path, message }) => path === "" ? message : `${path}: ${message}`);
      throw new SignalboxError(thrown.code, `${id} is not served: ${issues.join("; ")}`, { cause: thrown });
    });
    const { served, failures } = await tasks.explain(id);
    if (served === "nothing") {
      throw new SignalboxError("not_ready", `${id} is not served: ${failures.map(formatFailure).join("; ")}`);
    }
    const { delivery } = added;
    if (delivery !== undefined && delivery.state !== "live") {
      const states = delivery.envoys.map(({ node, state }) => `${node} is ${state}`).join(", ");
      throw new SignalboxError("not_live", `${id} is not live: ${states || "no Envoy is connected"}`);
    }
    return added.session.host;
  }
}

/** A call to a session that is live, which its backend may still be slow to take. */
async function callOnce(
  target: EchoTarget,
  timeoutMs: number,
): Promise<{ readonly backend: string; readonly tookMs: number }> {
  using client = createEchoClient(target);
  let failure = "";
  try {
    return await until(async () => {
      const startedAtMs = performance.now();
      const result = await client.say({ text: "hello" });
      if (result.ok) return { backend: result.reply.backend, tookMs: Math.round(performance.now() - startedAtMs) };
      failure = describeFailure(result);
      return undefined;
    }, { timeoutMs });
  } catch (cause) {
    throw new SignalboxError("not_ready", `${target.authority} does not answer: ${failure}`, { cause });
  }
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof SignalboxError) return thrown.message;
  throw thrown;
}
