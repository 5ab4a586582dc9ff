import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";

/** A pod that speaks HTTP/1.1 and nothing else, as notebooks do. */
export interface Http1Pod extends AsyncDisposable {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** How many connections have come, and how many of them are open. It closes none by itself. */
  readonly connections: { readonly all: number; readonly open: number };
}

/** What it says of a request; its WebSockets say the same of themselves first, and then whatever they are told. */
export interface Http1Reply {
  readonly pod: string;
  readonly version: string;
  readonly host: string;
  readonly path: string;
}

/** A request of this path is never answered. */
export const NO_ANSWER = "/no-answer";

export async function startHttp1Pod(name: string): Promise<Http1Pod> {
  const sockets = new Set<Socket>();
  let all = 0;
  const describe = ({ httpVersion, headers: { host = "" }, url = "" }: IncomingMessage): string =>
    JSON.stringify({ pod: name, version: httpVersion, host, path: url } satisfies Http1Reply);
  const server = createServer((request, response) => {
    if (request.url !== NO_ANSWER) response.end(describe(request));
  });
  server.keepAliveTimeout = 0;
  server.on("connection", (socket) => {
    all++;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  const webSockets = new WebSocketServer({ server });
  webSockets.on("connection", (webSocket, request) => {
    webSocket.on("message", (data) => webSocket.send(String(data)));
    webSocket.send(describe(request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    ...{ name, address: "127.0.0.1", port },
    get connections() {
      return { all, open: sockets.size };
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
