import { createService, exchange, type GrpcService, unary } from "../grpc/grpc_service.ts";
import { type ClientView, encodeClientStatus } from "./client_status.ts";

const MESSAGES = {
  request: "envoy.service.status.v3.ClientStatusRequest",
  response: "envoy.service.status.v3.ClientStatusResponse",
} as const;

/** CSDS: who is connected, and how far each is with every resource. For operators, not for Envoys. */
export function createClientStatusService(clients: () => Iterable<ClientView>): GrpcService {
  return createService("envoy.service.status.v3.ClientStatusDiscoveryService", {
    StreamClientStatus: exchange({ ...MESSAGES, answer: (request) => encodeClientStatus(clients(), request) }),
    FetchClientStatus: unary({ ...MESSAGES, handle: (request) => encodeClientStatus(clients(), request) }),
  });
}
