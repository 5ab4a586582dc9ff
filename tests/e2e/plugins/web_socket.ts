import { on } from "node:events";
import { connect } from "node:http2";
// @ts-types="@types/ws"
import { WebSocket } from "ws";

/** A WebSocket of text messages. */
export interface TextSocket extends Disposable {
  send(text: string): void;
  /** The next message. Throws where the WebSocket has ended. */
  receive(): Promise<string>;
}

export interface Asked {
  readonly authority: string;
  readonly path: string;
}

/** Opens a WebSocket over HTTP/1.1 without TLS. Throws `Error("403")` where that is the answer. */
export async function openWebSocket(address: string, { authority, path }: Asked): Promise<TextSocket> {
  const socket = new WebSocket(`ws://${address}${path}`, { headers: { host: authority } });
  const messages = on(socket, "message", { close: ["close"] });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.on("error", reject);
    socket.on("unexpected-response", (_, { statusCode }) => {
      reject(new Error(String(statusCode)));
      socket.terminate();
    });
  });
  return {
    send: (text) => socket.send(text),
    receive: async () => String((await next(messages))[0]),
    [Symbol.dispose]: () => socket.terminate(),
  };
}

const TEXT = 0x81;
const MASKED = 0x80;

/** The same over HTTP/2 (RFC 8441), for messages of at most 125 bytes. */
export async function openWebSocketOverH2c(address: string, { authority, path }: Asked): Promise<TextSocket> {
  const connection = connect(`http://${address}`);
  const settings = await new Promise<{ readonly enableConnectProtocol?: boolean }>((resolve, reject) => {
    connection.once("remoteSettings", resolve).on("error", reject);
  });
  const end = () => connection.destroy();
  if (!settings.enableConnectProtocol) {
    end();
    throw new Error("The connection offers no WebSockets");
  }
  const stream = connection.request({
    ...{ ":method": "CONNECT", ":protocol": "websocket", ":scheme": "http", ":authority": authority, ":path": path },
    ...{ "sec-websocket-version": "13", "sec-websocket-key": btoa("sixteen bytes...") },
  }, { endStream: false });
  const messages = textsOf(stream);
  const status = await new Promise<number | undefined>((resolve, reject) => {
    stream.once("response", ({ ":status": status }) => resolve(status)).on("error", reject);
  });
  if (status !== 200) {
    end();
    throw new Error(String(status));
  }
  return {
    send(text) {
      const bytes = new TextEncoder().encode(text);
      // Masked with zeros, which changes nothing.
      stream.write(Uint8Array.from([TEXT, MASKED | bytes.length, 0, 0, 0, 0, ...bytes]));
    },
    receive: () => next(messages),
    [Symbol.dispose]: end,
  };
}

/** The messages of a server: a frame each, which is not masked. */
async function* textsOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let bytes = Buffer.alloc(0);
  for await (const chunk of stream) {
    bytes = Buffer.concat([bytes, chunk]);
    for (let end = endOf(bytes); end <= bytes.length; end = endOf(bytes)) {
      yield bytes.toString("utf8", 2, end);
      bytes = bytes.subarray(end);
    }
  }
}

/** Where the first frame ends, as far as that is known. */
const endOf = ([, length = 0]: Uint8Array): number => 2 + length;

async function next<Message>(messages: AsyncIterator<Message>): Promise<Message> {
  const { done, value } = await messages.next();
  if (done) throw new Error("The WebSocket has ended");
  return value;
}
