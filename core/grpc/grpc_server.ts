import { Server } from "@grpc/grpc-js";
import type { Access } from "../access/access.ts";
import { addServices, type GrpcService } from "./grpc_service.ts";
import { listen, shutDown } from "./server_lifecycle.ts";

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
  const port = await listen(server, { key: "grpc", ...options });
  return {
    port,
    close: ({ graceMs = 5_000 } = {}) => shutDown(server, { services: options.services, graceMs }),
  };
}
