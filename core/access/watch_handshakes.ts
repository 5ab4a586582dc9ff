import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Access } from "./access.ts";

/**
 * Has `access` hear of every TLS handshake with the server that fails; whoever has not shaken hands cannot be told. Who
 * says nothing before it hangs up, as probes of a port do, is not counted.
 */
export function watchHandshakes(server: Server, access: Pick<Access, "handshakeFailed">): void {
  server.on("tlsClientError", (error: Error, socket: TLSSocket) => {
    // Deno's TLS socket knows nothing of its peer before the handshake; the one below it does.
    const { _parent: { remoteAddress, bytesRead } = socket } = socket as TLSSocket & { readonly _parent?: Socket };
    const reason = Reflect.get(error, "code") === "ECONNRESET" ? "the client hung up" : error.message;
    if (bytesRead > 0) access.handshakeFailed(remoteAddress, reason);
    socket.destroy();
  });
}
