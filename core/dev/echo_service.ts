import type { MethodDefinition } from "@grpc/grpc-js";

export interface SayRequest {
  readonly text: string;
  /** Present: the call ends with this status (a gRPC code, 1 to 16) and trailers, without an answer. */
  readonly fail?: { readonly code: number; readonly message: string };
}

/** What reached the backend, so that a caller sees what the proxy made of the call. */
export interface SayReply {
  /** The name of the backend that answered. */
  readonly backend: string;
  readonly authority: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface CountRequest {
  /** How many messages to send; 0: until the caller ends the call. */
  readonly count: number;
  readonly intervalMs: number;
}

export interface CountReply {
  readonly backend: string;
  /** 1 for the first. */
  readonly number: number;
}

export interface ChatMessage {
  readonly backend?: string;
  readonly text: string;
}

/**
 * The laptop's gRPC service. Its messages are JSON: curl can call it, and nothing has to be generated. Every call ends
 * with the trailer `x-backend`.
 */
export const ECHO = {
  say: method<SayRequest, SayReply>("Say", { requestStream: false, responseStream: false }),
  count: method<CountRequest, CountReply>("Count", { requestStream: false, responseStream: true }),
  chat: method<ChatMessage, ChatMessage>("Chat", { requestStream: true, responseStream: true }),
} as const;

/** The trailer that names the backend. */
export const BACKEND_TRAILER = "x-backend";

function method<Request, Reply>(
  name: string,
  streams: { readonly requestStream: boolean; readonly responseStream: boolean },
): MethodDefinition<Request, Reply> {
  return {
    path: `/signalbox.dev.Echo/${name}`,
    ...streams,
    requestSerialize: encode,
    requestDeserialize: decode<Request>,
    responseSerialize: encode,
    responseDeserialize: decode<Reply>,
  };
}

function encode(message: unknown): Buffer {
  return Buffer.from(JSON.stringify(message));
}

/** An empty message is `{}`, so that a call without one works. */
function decode<Message>(bytes: Buffer): Message {
  return JSON.parse(bytes.length === 0 ? "{}" : bytes.toString());
}
