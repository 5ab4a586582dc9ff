import {
  type handleBidiStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import {
  BACKEND_TRAILER,
  type ChatMessage,
  type CountReply,
  type CountRequest,
  ECHO,
  type SayReply,
  type SayRequest,
} from "./echo_service.ts";

/** A running gRPC backend that stands for a session's pod. */
export interface EchoBackend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** How many calls have begun. */
  readonly calls: number;
  /** As a pod that is killed: every connection and open call breaks off. */
  kill(): Promise<void>;
}

/** Listens on `address` (each loopback address such as 127.0.0.11 can be a pod); port 0 takes a free one. */
export async function createEchoBackend(
  options: { readonly name: string; readonly address: string; readonly port?: number },
): Promise<EchoBackend> {
  const { name, address } = options;
  const server = new Server({
    // A test's clients ping more often than a stranger may.
    "grpc.http2.min_ping_interval_without_data_ms": 1000,
    "grpc-node.max_session_memory": Number.MAX_SAFE_INTEGER,
  });
  const state = { calls: 0 };
  server.addService(ECHO, implementEcho(name, state));
  const port = await new Promise<number>((resolve, reject) => {
    const authority = address.includes(":") ? `[${address}]` : address;
    const bound = (error: Error | null, port: number) => error ? reject(error) : resolve(port);
    server.bindAsync(`${authority}:${options.port ?? 0}`, ServerCredentials.createInsecure(), bound);
  });
  let killed = false;
  return {
    name,
    address,
    port,
    get calls() {
      return state.calls;
    },
    async kill() {
      if (killed) return;
      killed = true;
      server.forceShutdown();
      // forceShutdown() lets go of the port in the background; this ends when it is free.
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
    },
  };
}

function implementEcho(name: string, state: { calls: number }) {
  const trailers = () => {
    const metadata = new Metadata();
    metadata.set(BACKEND_TRAILER, name);
    return metadata;
  };

  const say: handleUnaryCall<SayRequest, SayReply> = (call, reply) => {
    state.calls++;
    const { text = "", fail } = call.request;
    if (fail) return reply({ code: fail.code, details: fail.message, metadata: trailers() });
    const headers = Object.fromEntries(
      Object.entries(call.metadata.getMap()).map(([key, value]) => [key, value.toString()]),
    );
    reply(null, { backend: name, authority: call.getHost(), headers, text }, trailers());
  };

  const count: handleServerStreamingCall<CountRequest, CountReply> = (call) => {
    state.calls++;
    const { count = 0, intervalMs = 0 } = call.request;
    let number = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const next = () => {
      call.write({ backend: name, number: ++number });
      if (number === count) return call.end(trailers());
      timer = setTimeout(next, intervalMs);
    };
    const stop = () => clearTimeout(timer);
    call.on("cancelled", stop);
    call.on("close", stop);
    call.on("error", stop);
    next();
  };

  const chat: handleBidiStreamingCall<ChatMessage, ChatMessage> = (call) => {
    state.calls++;
    call.on("data", ({ text }: ChatMessage) => call.write({ backend: name, text }));
    call.on("error", () => call.end());
    call.on("end", () => call.end(trailers()));
  };

  return { say, count, chat };
}
