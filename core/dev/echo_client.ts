import {
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type ServiceError,
  status,
  type StatusObject,
} from "@grpc/grpc-js";
import { type ChatMessage, type CountReply, ECHO, type SayReply, type SayRequest } from "./echo_service.ts";

export interface EchoTarget {
  /** Where to connect: `127.0.0.1:8443`. */
  readonly address: string;
  /** The `:authority` of every call: a session's host, with or without a port. */
  readonly authority: string;
  /** PEM to trust. Absent: cleartext HTTP/2. */
  readonly ca?: string;
  /** Each call's limit. Default 5000. */
  readonly timeoutMs?: number;
}

/** How a call ended. A call that failed is data, not a throw: tests and load count them. */
export type EchoResult<Reply> =
  & { readonly trailers: Readonly<Record<string, string>> }
  & (
    | { readonly ok: true; readonly reply: Reply }
    | FailedCall
  );

interface FailedCall {
  readonly ok: false;
  readonly code: number;
  readonly codeName: string;
  readonly message: string;
}

/** A connection to the echo service, usually through Envoy. Connects on the first call, and again when it is lost. */
export interface EchoClient extends Disposable {
  /** A header with several values is sent as often. */
  say(
    request: SayRequest,
    headers?: Readonly<Record<string, string | readonly string[]>>,
  ): Promise<EchoResult<SayReply>>;
  /** All that was received up to the end of the call. */
  count(count: number, options?: { readonly intervalMs?: number }): Promise<EchoResult<readonly CountReply[]>>;
  /** A call that stays open; a message is answered with the same text. */
  chat(): EchoChat;
  close(): void;
}

export interface EchoChat {
  /** Resolves with the answer; rejects when the call ends first. */
  send(text: string): Promise<ChatMessage>;
  /** Ends the call from this side. */
  end(): Promise<EchoResult<void>>;
  /** When the call ends, whoever ended it. */
  readonly ended: Promise<EchoResult<void>>;
}

export function createEchoClient(target: EchoTarget): EchoClient {
  const { authority, ca, timeoutMs = 5000 } = target;
  const creds = ca === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(ca));
  const client = new Client(target.address, creds, {
    "grpc.default_authority": authority,
    "grpc.ssl_target_name_override": hostOf(authority),
    // A lost connection comes back at once: the tests restart what is in between.
    "grpc.initial_reconnect_backoff_ms": 50,
    "grpc.max_reconnect_backoff_ms": 200,
    // Every client its own connection, so that one's drain is not another's.
    "grpc.use_local_subchannel_pool": 1,
    // A retry would hide what the tests look for.
    "grpc.enable_retries": 0,
  });
  const deadline = () => ({ deadline: Date.now() + timeoutMs });
  const { say, count, chat } = ECHO;
  return {
    say: (request, headers = {}) =>
      new Promise((resolve) => {
        const metadata = new Metadata();
        for (const [name, values] of Object.entries(headers)) {
          for (const value of [values].flat()) metadata.add(name, value);
        }
        let reply: SayReply | undefined;
        const { path, requestSerialize, responseDeserialize } = say;
        client.makeUnaryRequest<SayRequest, SayReply>(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          deadline(),
          (_error: ServiceError | null, value?: SayReply) => reply = value,
        ).on("status", (ended: StatusObject) => resolve(resultOf(ended, () => reply)));
      }),
    count: (number, { intervalMs = 0 } = {}) =>
      new Promise((resolve) => {
        const { path, requestSerialize, responseDeserialize } = count;
        const replies: CountReply[] = [];
        client.makeServerStreamRequest(
          path,
          requestSerialize,
          responseDeserialize,
          { count: number, intervalMs },
          new Metadata(),
          deadline(),
        ).on("data", (reply: CountReply) => replies.push(reply))
          .on("error", () => {}) // The status says it too, with the trailers.
          .on("status", (ended: StatusObject) => resolve(resultOf(ended, () => replies)));
      }),
    chat: () => {
      const { path, requestSerialize, responseDeserialize } = chat;
      return openChat(client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata(), {}));
    },
    close: () => client.close(),
    [Symbol.dispose]: () => client.close(),
  };
}

function openChat(call: ClientDuplexStream<ChatMessage, ChatMessage>): EchoChat {
  const waiting: PromiseWithResolvers<ChatMessage>[] = [];
  const ended = new Promise<EchoResult<void>>((resolve) => {
    call.on("status", (end: StatusObject) => {
      resolve(resultOf(end, () => undefined));
      for (const { reject } of waiting.splice(0)) reject(new Error(`The call ended: ${describe(end)}`));
    });
  });
  call.on("data", (message: ChatMessage) => waiting.shift()?.resolve(message));
  call.on("error", () => {}); // The status says it too, with the trailers.
  return {
    ended,
    send(text) {
      const answer = Promise.withResolvers<ChatMessage>();
      waiting.push(answer);
      call.write({ text });
      return answer.promise;
    },
    end() {
      call.end();
      return ended;
    },
  };
}

function resultOf<Reply>(end: StatusObject, reply: () => Reply | undefined): EchoResult<Reply> {
  const trailers = Object.fromEntries(
    Object.entries(end.metadata.getMap()).map(([name, value]) => [name, value.toString()]),
  );
  if (end.code === status.OK) return { ok: true, reply: reply() as Reply, trailers };
  return { ok: false, code: end.code, codeName: status[end.code] ?? "UNKNOWN", message: end.details, trailers };
}

/** Why a call failed. An HTTP 404 without gRPC's words, which is how Envoy answers an unknown host, is this code to gRPC. */
export function describeFailure({ code, codeName, message }: FailedCall): string {
  if (code === status.UNIMPLEMENTED && message === "") return "no session has this host (Envoy answers 404)";
  return `${codeName} ${message}`.trimEnd();
}

function describe(end: StatusObject): string {
  return `${status[end.code]} ${end.details}`;
}

/** The host of an authority as TLS wants it: in lower case, without the port. */
function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, "").toLowerCase();
}
