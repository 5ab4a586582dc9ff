import { getRequestListener } from "@hono/node-server";
import { createServer as createCleartextServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import { type Access, type Certificate, OPEN_ACCESS } from "../access/access.ts";
import { watchHandshakes } from "../access/watch_handshakes.ts";
import { listenFailure } from "../listen_failure.ts";

export interface HttpServer {
  /** `http://ADDRESS:PORT` or `https://…`, with the port that was taken. */
  readonly url: string;
  readonly port: number;
  /** Takes no more connections and answers what has arrived; after `graceMs` it leaves the rest to the process's end. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Who sent a request. */
export interface HttpClient {
  readonly address?: string | undefined;
  /** In DER; only one that was verified. */
  readonly certificate?: Uint8Array<ArrayBuffer> | undefined;
}

export interface HttpServerOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Whose certificate the server shows, if it has one. Who may ask for what is the handler's to know. */
  readonly access?: Pick<Access, "certificate" | "handshakeFailed">;
  readonly limits?: Partial<Limits>;
  readonly handler: (request: Request, client: HttpClient) => Response | Promise<Response>;
}

type Limits = Required<
  Pick<
    ServerOptions,
    | "handshakeTimeout"
    | "headersTimeout"
    | "requestTimeout"
    | "keepAliveTimeout"
    | "connectionsCheckingInterval"
    | "maxHeaderSize"
  >
>;

/** Whoever is slower than this (in milliseconds), or says more than this before the body (in bytes), is cut off. */
const LIMITS: Limits = {
  handshakeTimeout: 10_000,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAliveTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16 * 1024,
};

/** Serves HTTP/1.1, with TLS where there is a certificate. Throws `address_in_use`. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { address, access = OPEN_ACCESS, handler } = options;
  const { certificate } = access;
  const answering = new Set<ServerResponse>();
  let closing = false;
  const listener = getRequestListener(
    (request, { incoming }) => handler(request, clientOf(incoming.socket)),
    { overrideGlobalObjects: false },
  );
  const { server, renew } = createServer(certificate?.current, { ...LIMITS, ...options.limits });
  watchHandshakes(server, access);
  server.on("request", (incoming, response) => {
    answering.add(response);
    response.on("close", () => answering.delete(response));
    if (closing) response.setHeader("connection", "close");
    listener(incoming, response);
  });
  server.on("clientError", refuse);
  const connections = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
  });
  const unsubscribe = certificate?.subscribe(renew);

  const host = address.includes(":") ? `[${address}]` : address;
  await listen(server, options, `${host}:${options.port}`);
  const { port } = server.address() as AddressInfo;
  return {
    url: `${certificate ? "https" : "http"}://${host}:${port}`,
    port,
    async close({ graceMs = 5_000 } = {}) {
      closing = true;
      unsubscribe?.();
      for (const response of answering) if (!response.headersSent) response.setHeader("connection", "close");
      // Those too that have never come to a request.
      const timer = setTimeout(() => connections.forEach((socket) => socket.destroy()), graceMs);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      await closed;
      clearTimeout(timer);
    },
  };
}

function createServer(certificate: Certificate | undefined, limits: Limits): {
  readonly server: Server;
  /** From the next connection on. */
  readonly renew: (certificate: Certificate) => void;
} {
  if (!certificate) return { server: createCleartextServer(limits), renew() {} };
  const server = createTlsServer({
    ...limits,
    ...toTls(certificate),
    ALPNProtocols: ["http/1.1"],
    // Who shows none is asked for a token, and probes are for all.
    requestCert: certificate.clientCa !== undefined,
    rejectUnauthorized: false,
  });
  return { server, renew: (certificate) => server.setSecureContext(toTls(certificate)) };
}

function toTls({ cert, key, clientCa }: Certificate) {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa }) };
}

function clientOf(socket: Socket): HttpClient {
  const address = socket.remoteAddress;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return { address };
  // Some runtimes call a client authorized that has shown none.
  const { raw } = socket.getPeerCertificate();
  return { address, certificate: raw && new Uint8Array(raw) };
}

const REFUSALS: ReadonlyMap<unknown, string> = new Map([
  ["HPE_HEADER_OVERFLOW", "431 Request Header Fields Too Large"],
  ["ERR_HTTP_REQUEST_TIMEOUT", "408 Request Timeout"],
]);

/** What is no HTTP, or comes too slowly. */
function refuse(error: Error, socket: Duplex): void {
  if (!socket.writable) return void socket.destroy();
  const status = REFUSALS.get(Reflect.get(error, "code")) ?? "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy());
}

function listen(server: Server, { address, port }: HttpServerOptions, place: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(listenFailure("http", place, cause)));
    server.listen(port, address, resolve);
  });
}
