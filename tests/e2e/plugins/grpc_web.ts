import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from "node:http";

/** What a page gets for a call by gRPC-web. */
export interface WebReply {
  readonly headers: IncomingHttpHeaders;
  /** The gRPC status, wherever it stands. */
  readonly grpcStatus: string | undefined;
  /** The messages, which are JSON here. */
  readonly messages: readonly unknown[];
}

export interface WebCall {
  readonly method: "Say" | "Count";
  readonly request: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** As base64, for browsers that read texts alone. Default false. */
  readonly text?: boolean;
}

/** Calls the echo service by gRPC-web over HTTP/1.1, as a page in a browser does. `host` is a session's. */
export async function callByWeb(
  ingress: string,
  host: string,
  { method, request, headers = {}, text = false }: WebCall,
): Promise<WebReply> {
  const body = frame(JSON.stringify(request));
  const type = `application/grpc-web${text ? "-text" : ""}+proto`;
  const [hostname, port] = ingress.split(":");
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest({
      ...{ hostname, port, path: `/signalbox.dev.Echo/${method}`, method: "POST", agent: false },
      headers: { host, "content-type": type, accept: type, "x-grpc-web": "1", ...headers },
    }, resolve);
    sent.on("error", reject).end(text ? body.toString("base64") : body);
  });
  const received = Buffer.concat(await Array.fromAsync(response));
  const messages: unknown[] = [];
  let grpcStatus = response.headers["grpc-status"]?.toString();
  for (const { isTrailers, content } of frames(text ? decodeParts(received.toString()) : received)) {
    if (isTrailers) grpcStatus = /^grpc-status: ?(\d+)\r?$/m.exec(content)?.[1] ?? grpcStatus;
    else messages.push(JSON.parse(content));
  }
  return { headers: response.headers, grpcStatus, messages };
}

/** A byte of flags and four of length come before a message. */
function frame(message: string): Buffer {
  const content = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(content.length, 1);
  return Buffer.concat([head, content]);
}

function* frames(bytes: Buffer): Iterable<{ readonly isTrailers: boolean; readonly content: string }> {
  for (let at = 0; at < bytes.length;) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    yield { isTrailers: (bytes.readUInt8(at) & 0x80) !== 0, content: bytes.toString("utf8", at + 5, end) };
    at = end;
  }
}

/** Each part of a stream is encoded by itself, and padded. */
function decodeParts(text: string): Buffer {
  return Buffer.concat(Array.from(text.matchAll(/[^=]+={0,2}/g), ([part]) => Buffer.from(part, "base64")));
}
