import type { Server } from "@grpc/grpc-js";
import type { Access } from "../access/access.ts";
import { createGrpcCredentials } from "../access/grpc_access.ts";
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
        endSessionsLate(server);
        return resolve(taken);
      }
      reject(listenFailure(key, place, cause));
    });
  });
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
