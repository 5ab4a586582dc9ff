import type { Access } from "../../access/access.ts";
import { type GrpcServer, startGrpcServer } from "../../grpc/grpc_server.ts";
import type { GrpcService } from "../../grpc/grpc_service.ts";
import { createHealth } from "../../grpc/health.ts";
import { createReflection } from "../../grpc/reflection.ts";
import { type SessionChange, SessionFeed } from "../../session/session_feed.ts";
import { createSessionService, SESSION_SERVICE, type SessionServiceOptions } from "./grpc_sessions.ts";

export interface GrpcApiOptions extends Pick<SessionServiceOptions, "registrar" | "table" | "receipts" | "parsing"> {
  readonly address: string;
  readonly port: number;
  readonly access: Access;
  /** What else is served on the port, for operators. */
  readonly services: readonly GrpcService[];
}

export interface GrpcApi {
  /** The port that was taken. */
  readonly port: number;
  /** Begins to answer: the table is complete, and as `generation` made it. */
  serve(generation: number): void;
  /** Takes note of what a generation changed in the table; what is the same there has only been built anew. */
  publish(generation: number, changes: readonly SessionChange[]): void;
  /** Tells those who watch what was published. */
  advance(): void;
  close(): Promise<void>;
}

/** As many as in a batch of the tasks API. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024;

/**
 * Sessions over gRPC on a port of its own, with server reflection and the standard health service, which says SERVING from
 * `serve()` on. Rejects with `address_in_use`.
 */
export async function startGrpcApi(options: GrpcApiOptions): Promise<GrpcApi> {
  let ready = false;
  const feed = new SessionFeed();
  const sessions = createSessionService({ ...options, feed, epoch: crypto.randomUUID(), isReady: () => ready });
  const health = createHealth([SESSION_SERVICE]);
  const services = [sessions.service, ...options.services, health.service];
  const server: GrpcServer = await startGrpcServer({
    ...options,
    services: [...services, ...createReflection(services.map(({ name }) => name))],
    maxRequestBytes: MAX_BATCH_BYTES,
  });
  return {
    port: server.port,
    serve(generation) {
      feed.begin(generation);
      ready = true;
      health.setServing(true);
    },
    publish(generation, changes) {
      // What the table had at the start is no change: nobody has watched yet.
      if (!ready) return;
      const { table } = options;
      feed.apply(generation, changes.filter(({ id, before }) => before?.generation !== table.get(id)?.generation));
    },
    advance: sessions.advance,
    close() {
      health.setServing(false);
      return server.close();
    },
  };
}
