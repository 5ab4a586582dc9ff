import { Server, ServerCredentials } from "@grpc/grpc-js";
import { concatBytes, fieldBytes, fieldVarint } from "../../../core/proto/wire.ts";

/** A service that Envoy asks whether requests may pass: `envoy.service.auth.v3.Authorization`. */
export interface AuthorizationService extends AsyncDisposable {
  readonly port: number;
  /** What it was asked: each `CheckRequest` as it came, in which its strings can be found. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

/** `CheckResponse`: a `google.rpc.Status` and, where that is not OK, the HTTP status of the answer. */
const ALLOWED = fieldBytes(1, fieldVarint(1, 0));
const DENIED = concatBytes([fieldBytes(1, fieldVarint(1, 16)), fieldBytes(2, fieldBytes(1, fieldVarint(1, 401)))]);

/** Lets those requests through whose `CheckRequest` has the string. */
export async function startAuthorizationService(allowed: string): Promise<AuthorizationService> {
  const asked: string[] = [];
  const server = new Server();
  const bytes = (message: Uint8Array) => Buffer.from(message);
  const check = {
    path: "/envoy.service.auth.v3.Authorization/Check",
    ...{ requestStream: false, responseStream: false },
    ...{ requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes },
  };
  server.addService({ check }, {
    check({ request }: { readonly request: Buffer }, reply: (error: null, message: Uint8Array) => void) {
      const text = request.toString("latin1");
      asked.push(text);
      reply(null, text.includes(allowed) ? ALLOWED : DENIED);
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, port: number) => error ? reject(error) : resolve(port);
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), bound);
  });
  let stopped = false;
  async function stop(): Promise<void> {
    if (stopped) return;
    stopped = true;
    server.forceShutdown();
    await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  }
  return { port, asked, stop, [Symbol.asyncDispose]: stop };
}
