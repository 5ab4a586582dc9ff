import { Server } from "@grpc/grpc-js";
import type { Access } from "../access/access.ts";
import { createGrpcCredentials } from "../access/grpc_access.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { addServices, type GrpcService } from "./grpc_service.ts";

export interface GrpcServer {
  /** The port that was taken. */
  readonly port: number;
  /** Ends all streams, answers what has arrived, for at most `graceMs`, and stops. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Serves gRPC to whom `access` lets in. Rejects with `address_in_use`. */
export async function startGrpcServer(options: {
  readonly address: string;
  readonly port: number;
  readonly access: Access;
  readonly services: readonly GrpcService[];
  /** Of one request. */
  readonly maxRequestBytes: number;
}): Promise<GrpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": options.maxRequestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
  });
  addServices(server, options.services);
  const host = options.address.includes(":") ? `[${options.address}]` : options.address;
  const place = `${host}:${options.port}`;
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(place, createGrpcCredentials(options.access), (cause, taken) => {
      if (cause === null) return resolve(taken);
      const text = `Cannot listen for gRPC on "${place}": the address is taken or not on this machine`;
      reject(new SignalboxError("address_in_use", text, { cause }));
    });
  });
  return {
    port,
    async close({ graceMs = 5_000 } = {}) {
      const stopping = new SignalboxError("not_ready", "Cannot go on: Signalbox is stopping");
      for (const service of options.services) service.endStreams(stopping);
      const timer = setTimeout(() => server.forceShutdown(), graceMs);
      await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
      clearTimeout(timer);
      server.forceShutdown();
    },
  };
}
