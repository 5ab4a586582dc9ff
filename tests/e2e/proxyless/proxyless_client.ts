import { fileURLToPath } from "node:url";
import type { EchoClient } from "../../../core/dev/echo_client.ts";
import { findGrpcio } from "./grpcio.ts";
import type { Answer, Ask } from "./protocol.ts";

/** A program that is a gRPC client without a proxy. */
export interface ClientProgram {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** How a call ended; `backends` are those that answered, message by message. */
export type Call = Omit<Answer, "id">;

export interface CallOptions {
  /** Calls with one name share a channel. Default "". */
  readonly channel?: string;
  /** Default 10,000: below the 15 s after which gRPC takes a resource that does not come for one that there is not. */
  readonly timeoutMs?: number;
}

/** A gRPC client without a proxy, in a process of its own. */
export interface ProxylessClient extends AsyncDisposable {
  say(host: string, options?: CallOptions): Promise<Call>;
  /** A call that stays open for `count` messages, 10 ms each; resolves when the first has come. */
  count(host: string, count: number, options?: CallOptions): Promise<{ readonly ended: Promise<Call> }>;
  /** For `startLoad()`. */
  echo(host: string, options?: CallOptions): Pick<EchoClient, "say">;
}

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Every stock client that there is a runtime for. Where CI is set, all of them have to be there. */
export async function findClientPrograms(): Promise<readonly ClientProgram[]> {
  const grpcJs = {
    name: "grpc-js",
    command: [Deno.execPath(), "run", "--quiet", "-A", path("grpc_js_client.ts")],
    env: {},
  };
  const grpcio = await findGrpcio();
  if (grpcio.kind === "found") {
    const cCore = {
      name: "C core",
      command: ["python3", path("c_core_client.py")],
      env: { PYTHONPATH: grpcio.folder, GRPC_VERBOSITY: "NONE" },
    };
    return [grpcJs, cCore];
  }
  if (Deno.env.get("CI")) throw new Error(grpcio.reason);
  // deno-lint-ignore no-console
  console.warn(`Tests with gRPC's C core are left out: ${grpcio.reason}`);
  return [grpcJs];
}

/** `bootstrap` is the text that `signalbox bootstrap --mode grpc` prints. */
export function startProxylessClient(program: ClientProgram, bootstrap: string): ProxylessClient {
  const [file = "", ...args] = program.command;
  const env = { ...program.env, GRPC_XDS_BOOTSTRAP_CONFIG: bootstrap };
  const child = new Deno.Command(file, { args, env, stdin: "piped", stdout: "piped", stderr: "null" }).spawn();
  const input = child.stdin.getWriter();
  const waiting = new Map<number, (answer: Answer) => void>();
  let lastId = 0;

  const read = (async () => {
    let rest = "";
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const answer: Answer = JSON.parse(line);
        waiting.get(answer.id)?.(answer);
      }
    }
    for (const [id, tell] of waiting) tell({ id, code: "ENDED", message: "the client has ended", backends: [] });
  })();

  function ask(host: string, count: number, { channel = "", timeoutMs = 10_000 }: CallOptions) {
    const id = ++lastId;
    const begun = Promise.withResolvers<Call>();
    const ended = Promise.withResolvers<Call>();
    waiting.set(id, (answer) => {
      begun.resolve(answer);
      if (answer.code === "BEGUN") return;
      waiting.delete(id);
      ended.resolve(answer);
    });
    const line: Ask = { id, host, channel, timeoutMs, count };
    input.write(new TextEncoder().encode(`${JSON.stringify(line)}\n`)).catch(() => {}); // Its end is seen by `read`.
    return { begun: begun.promise, ended: ended.promise };
  }

  const say = (host: string, options: CallOptions = {}) => ask(host, 0, options).ended;

  return {
    say,
    async count(host, count, options = {}) {
      const { begun, ended } = ask(host, count, options);
      const first = await begun;
      if (first.code !== "BEGUN") throw new Error(`Cannot begin a call to "${host}": ${JSON.stringify(first)}`);
      return { ended };
    },
    echo: (host, options) => ({
      async say({ text }) {
        const { code, message, backends: [backend = ""] } = await say(host, options);
        if (code === "OK") return { ok: true, reply: { backend, authority: message, headers: {}, text }, trailers: {} };
        return { ok: false, code: -1, codeName: code, message, trailers: {} };
      },
    }),
    async [Symbol.asyncDispose]() {
      await input.close().catch(() => {}); // It may have ended by itself.
      await child.status;
      await read;
    },
  };
}
