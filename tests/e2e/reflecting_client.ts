import { fileURLToPath } from "node:url";
import { findPythonModules } from "./python_modules.ts";

const SCRIPT = fileURLToPath(new URL("testdata/reflecting_client.py", import.meta.url));

const modules = await findPythonModules([
  "grpcio==1.85.1",
  "grpcio-reflection==1.85.1",
  "grpcio-status==1.85.1",
]);
if (modules.kind === "missing") {
  if (Deno.env.get("CI")) throw new Error(modules.reason);
  // deno-lint-ignore no-console
  console.warn(`Tests with Python's gRPC are ignored: ${modules.reason}`);
}

/** A test that needs Python's gRPC client: ignored where there is none, and a failure in CI. */
export function testWithPythonGrpc(name: string, run: () => Promise<void>): void {
  Deno.test({ name, ignore: modules.kind === "missing", fn: run });
}

/** Python's gRPC client, which learns by server reflection what it calls. */
export interface ReflectingClient extends AsyncDisposable {
  services(): Promise<unknown>;
  /** The response, or the first of a stream; `method` as in `package.Service/Method`. */
  call(method: string, request: unknown): Promise<unknown>;
  /** The one after it. */
  next(): Promise<unknown>;
}

/** A client of the server at `address`; what it answers is JSON as Python's protobuf writes it: `{ok}` or `{failed}`. */
export function startReflectingClient(address: string): ReflectingClient {
  const child = new Deno.Command("python3", {
    args: [SCRIPT, address],
    env: { PYTHONPATH: modules.kind === "found" ? modules.path : "" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const requests = child.stdin.getWriter();
  const answers = readLines(child.stdout);

  async function ask(command: object): Promise<unknown> {
    await requests.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
    const { done, value } = await answers.next();
    if (done) throw new Error(`The client ended before it had answered ${JSON.stringify(command)}`);
    return JSON.parse(value);
  }

  return {
    services: () => ask({ services: true }),
    call: (method, request) => ask({ method, request }),
    next: () => ask({ next: true }),
    async [Symbol.asyncDispose]() {
      await requests.close();
      for await (const _ of answers);
      await child.status;
    },
  };
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
