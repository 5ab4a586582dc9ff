import { Client, type ClientReadableStream, credentials, type Metadata, status } from "@grpc/grpc-js";
import { Buffer } from "node:buffer";
import { decodeMessage, encodeMessage } from "../../proto/codec.ts";
import type { MessageName, Messages } from "../../proto/message_types.ts";

/** A method as its caller sees it: path, request, response. */
export type Method<Q extends MessageName, A extends MessageName> = readonly [path: string, request: Q, response: A];

/** What a call that failed ended with. */
export class CallFailure extends Error {
  /** As in `INVALID_ARGUMENT`. */
  readonly code: string;
  /** `grpc-status-details-bin`, absent where there is none. */
  readonly status: Messages["google.rpc.Status"] | undefined;

  constructor(thrown: unknown) {
    const { code, details, metadata } = thrown as { code: number; details: string; metadata: Metadata };
    super(details);
    this.code = status[code] ?? String(code);
    const [bytes] = metadata.get("grpc-status-details-bin");
    this.status = bytes instanceof Uint8Array ? decodeMessage("google.rpc.Status", bytes) : undefined;
  }
}

/** The responses of a stream, read one at a time. */
export interface Responses<A extends MessageName> {
  /** The next; rejects with a `CallFailure` at the end, also where that is OK. */
  next(): Promise<Messages[A]>;
  /** Takes nothing more off the wire until `resume()`. */
  pause(): void;
  resume(): void;
  cancel(): void;
}

export interface Exchange<Q extends MessageName, A extends MessageName> extends Responses<A> {
  send(request: Messages[Q]): void;
  end(): void;
}

/** A gRPC client of our own messages: nothing is checked or repaired on the way. */
export class GrpcClient implements Disposable {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
      "grpc.max_receive_message_length": 4 * 1024 * 1024,
    });
  }

  /** `message` may be bytes, of whatever. Rejects with a `CallFailure`. */
  call<Q extends MessageName, A extends MessageName>(
    [path, request, response]: Method<Q, A>,
    message: Messages[Q] | Uint8Array,
  ): Promise<Messages[A]> {
    const { promise, resolve, reject } = Promise.withResolvers<Messages[A]>();
    this.#client.makeUnaryRequest<Messages[Q] | Uint8Array, Messages[A]>(
      path,
      encoder(request),
      decoder(response),
      message,
      (error, answer) => {
        if (error === null && answer !== undefined) resolve(answer);
        else reject(new CallFailure(error));
      },
    );
    return promise;
  }

  open<Q extends MessageName, A extends MessageName>(
    [path, request, response]: Method<Q, A>,
    message: Messages[Q],
  ): Responses<A> {
    return readOneByOne(this.#client.makeServerStreamRequest(path, encoder(request), decoder(response), message));
  }

  exchange<Q extends MessageName, A extends MessageName>([path, request, response]: Method<Q, A>): Exchange<Q, A> {
    const call = this.#client.makeBidiStreamRequest<Messages[Q], Messages[A]>(
      path,
      encoder(request),
      decoder(response),
    );
    return {
      ...readOneByOne(call),
      send: (request) => void call.write(request),
      end: () => void call.end(),
    };
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

const encoder = <T extends MessageName>(type: T) => (message: Messages[T] | Uint8Array) =>
  Buffer.from(message instanceof Uint8Array ? message : encodeMessage(type, message));

const decoder = <T extends MessageName>(type: T) => (bytes: Buffer) => decodeMessage(type, bytes);

function readOneByOne<A extends MessageName>(call: ClientReadableStream<Messages[A]>): Responses<A> {
  const arrived: Messages[A][] = [];
  const readers: PromiseWithResolvers<Messages[A]>[] = [];
  let ended: CallFailure | undefined;
  call.on("data", (message: Messages[A]) => {
    const reader = readers.shift();
    if (reader === undefined) arrived.push(message);
    else reader.resolve(message);
  });
  call.on("error", () => {}); // The status says it too.
  call.on("status", (end) => {
    ended = new CallFailure(end);
    for (const reader of readers) reader.reject(ended);
  });
  return {
    next() {
      const message = arrived.shift();
      if (message !== undefined) return Promise.resolve(message);
      if (ended !== undefined) return Promise.reject(ended);
      const reader = Promise.withResolvers<Messages[A]>();
      readers.push(reader);
      return reader.promise;
    },
    pause: () => void call.pause(),
    resume: () => void call.resume(),
    cancel: () => call.cancel(),
  };
}
