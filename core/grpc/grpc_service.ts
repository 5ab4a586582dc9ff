import type {
  MethodDefinition,
  sendUnaryData,
  Server,
  ServerDuplexStream,
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  UntypedHandleCall,
  UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { getLogger } from "@logtape/logtape";
import { Buffer } from "node:buffer";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { MessageName, Messages } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { toCallStatus } from "./grpc_error.ts";

/** What a gRPC server is given: `server.addService(definition, implementation)`. */
export interface GrpcService {
  /** As in `signalbox.v1.SessionService`. */
  readonly name: string;
  readonly definition: ServiceDefinition;
  readonly implementation: UntypedServiceImplementation;
  /** Ends every stream that is open, with `error`: a server that is to stop waits for them. */
  endStreams(error: SignalboxError): void;
}

/** A method of a service, by what it takes and answers. Bytes go in and out: what cannot be read is a failure like any other. */
export interface GrpcMethod {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  handler(service: {
    /** Of the method, as in `/signalbox.v1.SessionService/Get`; for the log. */
    readonly path: string;
    /** The streams of the service that are open. */
    readonly streams: Set<OpenStream>;
  }): UntypedHandleCall;
}

interface OpenStream {
  /** Ends the call. */
  fail(error: SignalboxError): void;
}

/** The response stream of one call. */
export interface ResponseStream<A extends MessageName> extends OpenStream {
  /** False when the call has ended, whoever ended it: nothing can be sent any more. */
  readonly open: boolean;
  /** Sends a message, or the bytes of one. `sent` is called when it is on its way, which a slow reader delays. */
  send(message: Messages[A] | Uint8Array, sent?: () => void): void;
}

const log = getLogger(["signalbox", "grpc"]);

export function createService(name: string, methods: Readonly<Record<string, GrpcMethod>>): GrpcService {
  const definition: Record<string, MethodDefinition<Uint8Array, Uint8Array>> = {};
  const implementation: UntypedServiceImplementation = {};
  const streams = new Set<OpenStream>();
  for (const [method, { requestStream, responseStream, handler }] of Object.entries(methods)) {
    const path = `/${name}/${method}`;
    definition[method] = {
      path,
      requestStream,
      responseStream,
      requestSerialize: toBuffer,
      requestDeserialize: (bytes) => bytes,
      responseSerialize: toBuffer,
      responseDeserialize: (bytes) => bytes,
    };
    implementation[method] = handler({ path, streams });
  }
  return {
    name,
    definition,
    implementation,
    endStreams(error) {
      for (const stream of streams) stream.fail(error);
    },
  };
}

export function addServices(server: Server, services: readonly GrpcService[]): void {
  for (const { definition, implementation } of services) server.addService(definition, implementation);
}

type Answer<A extends MessageName> = Messages[A] | Uint8Array;

/** A request, a response. `handle` throws what the call is to fail with. */
export function unary<Q extends MessageName, A extends MessageName>(options: {
  readonly request: Q;
  readonly response: A;
  /** Of the request. Default: what the server takes. */
  readonly maxBytes?: number;
  /** A message, or the bytes of one. */
  handle(request: Messages[Q]): Answer<A> | Promise<Answer<A>>;
}): GrpcMethod {
  async function answer(bytes: Uint8Array): Promise<Uint8Array> {
    const response = await options.handle(readRequest(options.request, bytes, options.maxBytes));
    return response instanceof Uint8Array ? response : encodeMessage(options.response, response);
  }
  return {
    requestStream: false,
    responseStream: false,
    handler: ({ path }) => (call: ServerUnaryCall<Uint8Array, Uint8Array>, callback: sendUnaryData<Uint8Array>) => {
      answer(call.request).then(
        (bytes) => callback(null, bytes),
        (thrown) => callback(statusOf(thrown, path)),
      );
    },
  };
}

/** A request, any number of responses: `open` sends them, then and later; what it returns is called at the end. */
export function serverStream<Q extends MessageName, A extends MessageName>(options: {
  readonly request: Q;
  readonly response: A;
  open(request: Messages[Q], stream: ResponseStream<A>): () => void;
}): GrpcMethod {
  return {
    requestStream: false,
    responseStream: true,
    handler: ({ path, streams }) => (call: ServerWritableStream<Uint8Array, Uint8Array>) => {
      const end = Promise.withResolvers<void>();
      const stream = responseStream(options.response, call, () => {
        streams.delete(stream);
        end.resolve();
      });
      streams.add(stream);
      try {
        // Also when the call has ended by then.
        end.promise.then(options.open(readRequest(options.request, call.request), stream));
      } catch (thrown) {
        endWith(call, statusOf(thrown, path));
      }
    },
  };
}

/** A stream of requests, each answered before the next is read. */
export function exchange<Q extends MessageName, A extends MessageName>(options: {
  readonly request: Q;
  readonly response: A;
  /** A message, or the bytes of one. */
  answer(request: Messages[Q]): Answer<A> | Promise<Answer<A>>;
}): GrpcMethod {
  return {
    requestStream: true,
    responseStream: true,
    handler: ({ path, streams }) => (call: ServerDuplexStream<Uint8Array, Uint8Array>) => {
      const stream = responseStream(options.response, call, () => streams.delete(stream));
      streams.add(stream);
      call.on("data", async (bytes: Uint8Array) => {
        call.pause();
        try {
          const response = await options.answer(readRequest(options.request, bytes));
          if (stream.open) stream.send(response, () => call.resume());
        } catch (thrown) {
          endWith(call, statusOf(thrown, path));
        }
      });
      call.on("end", () => call.end());
    },
  };
}

function responseStream<A extends MessageName>(
  type: A,
  call: ServerWritableStream<Uint8Array, Uint8Array> | ServerDuplexStream<Uint8Array, Uint8Array>,
  onClosed: () => void,
): ResponseStream<A> {
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    onClosed();
  };
  for (const end of ["cancelled", "error", "close", "finish"]) call.on(end, close);
  return {
    get open() {
      return open;
    },
    send(message, sent = () => {}) {
      call.write(message instanceof Uint8Array ? message : encodeMessage(type, message), sent);
    },
    fail(error) {
      if (open) endWith(call, toCallStatus(error));
    },
  };
}

/** The way to end a streaming call with a status. */
function endWith(call: { emit(event: "error", status: object): boolean }, status: object): void {
  call.emit("error", status);
}

function readRequest<Q extends MessageName>(type: Q, bytes: Uint8Array, maxBytes = Infinity): Messages[Q] {
  if (bytes.length > maxBytes) {
    throw new SignalboxError("body_too_large", `Cannot read the request: it is over ${maxBytes} bytes`);
  }
  try {
    return decodeMessage(type, bytes);
  } catch (cause) {
    throw new SignalboxError("malformed_request", `Cannot read the request: it is no "${type}"`, { cause });
  }
}

function statusOf(thrown: unknown, method: string): ReturnType<typeof toCallStatus> {
  const error = SignalboxError.from(thrown);
  if (error.code === "internal") log.error("Cannot answer a call", { method, error: thrown });
  return toCallStatus(error);
}

/** The same bytes, as grpc-js wants them. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
