import { connect, type IncomingHttpHeaders } from "node:http2";
import { text } from "node:stream/consumers";
import { ECHO, type SayReply } from "../../../core/dev/echo_service.ts";

export interface H2cRequest {
  readonly authority: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent: a GET. */
  readonly body?: Uint8Array;
}

/** An answer with its headers, which the gRPC client of the tests does not show. */
export interface H2cAnswer {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  /** Where it was compressed, it still is: each byte a character. */
  readonly body: string;
}

/** One request over HTTP/2 without TLS, on a connection of its own. `address` is `127.0.0.1:8080`. */
export async function requestH2c(address: string, { authority, path, headers, body }: H2cRequest): Promise<H2cAnswer> {
  const connection = connect(`http://${address}`);
  try {
    const method = body === undefined ? "GET" : "POST";
    const stream = connection.request({ ...headers, ":authority": authority, ":method": method, ":path": path });
    const received: { headers: IncomingHttpHeaders; trailers: IncomingHttpHeaders } = { headers: {}, trailers: {} };
    stream.on("response", (headers) => received.headers = headers);
    stream.on("trailers", (trailers) => received.trailers = trailers);
    stream.setEncoding("latin1");
    stream.end(body);
    return { body: await text(stream), ...received };
  } finally {
    connection.close();
  }
}

/** A call of the echo service: what the pod says that it got, and the headers of its answer. */
export async function sayOverH2c(
  address: string,
  { authority, headers }: Pick<H2cRequest, "authority" | "headers">,
): Promise<{ readonly headers: IncomingHttpHeaders; readonly reply: SayReply }> {
  const message = ECHO.say.requestSerialize({ text: "hello" });
  // Not compressed, then the length in four bytes (gRPC over HTTP/2, "Length-Prefixed-Message").
  const body = Uint8Array.from([0, 0, 0, 0, message.length, ...message]);
  const answer = await requestH2c(address, {
    authority,
    path: ECHO.say.path,
    headers: { ...headers, "content-type": "application/grpc", te: "trailers" },
    body,
  });
  const status = answer.trailers["grpc-status"] ?? answer.headers["grpc-status"];
  if (status !== "0") throw new Error(`The call failed: ${JSON.stringify(answer)}`);
  return { headers: answer.headers, reply: JSON.parse(answer.body.slice(5)) };
}
