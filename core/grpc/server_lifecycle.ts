import type { Server } from "@grpc/grpc-js";
import type { Http2Server } from "node:http2";
import type { Access } from "../access/access.ts";
import { createGrpcCredentials } from "../access/grpc_access.ts";
import { watchHandshakes } from "../access/watch_handshakes.ts";
import { listenFailure } from "../listen_failure.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { GrpcService } from "./grpc_service.ts";
import { endSessionsLate } from "./late_endings.ts";

/** Has the server listen, for whom `access` lets in. Resolves with the port that was taken; rejects with `address_in_use`. */
export function listen(
  server: Server,
  { key, address, port, access }: {
    /** The server's, in the config. */
    readonly key: "xds" | "grpc";
    readonly address: string;
    /** 0 takes a free one. */
    readonly port: number;
    readonly access: Access;
  },
): Promise<number> {
  const place = `${address.includes(":") ? `[${address}]` : address}:${port}`;
  return new Promise((resolve, reject) => {
    server.bindAsync(place, createGrpcCredentials(access), (cause, taken) => {
      if (cause === null) {
        for (const http2Server of http2ServersOf(server)) {
          endSessionsLate(http2Server);
          watchHandshakes(http2Server, access);
        }
        return resolve(taken);
      }
      reject(listenFailure(key, place, cause));
    });
  });
}

/** What the server listens with: private there, and typed so. */
function http2ServersOf(server: Server): Iterable<Http2Server> {
  return (server as unknown as { readonly http2Servers: ReadonlyMap<Http2Server, unknown> }).http2Servers.keys();
}

/** Ends the streams of `services`, answers what has arrived, for at most `graceMs`, and stops the server. */
export async function shutDown(
  server: Server,
  { services, graceMs }: { readonly services: readonly GrpcService[]; readonly graceMs: number },
): Promise<void> {
  const stopping = new SignalboxError("not_ready", "Cannot go on: Signalbox is stopping");
  for (const service of services) service.endStreams(stopping);
  const timer = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(timer);
  server.forceShutdown();
}
