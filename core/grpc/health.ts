import { SignalboxError } from "../signalbox_error.ts";
import { createService, type GrpcService, type ResponseStream, serverStream, unary } from "./grpc_service.ts";

const RESPONSE = "grpc.health.v1.HealthCheckResponse";

export interface Health {
  /** `grpc.health.v1.Health`. */
  readonly service: GrpcService;
  /** Before the first call nothing is serving. */
  setServing(serving: boolean): void;
}

/**
 * The standard health service, with one health for all: of the server as a whole (the empty name) and of each of
 * `services`.
 */
export function createHealth(services: readonly string[]): Health {
  const known = new Set(["", ...services]);
  const watchers = new Set<ResponseStream<typeof RESPONSE>>();
  let status: "SERVING" | "NOT_SERVING" = "NOT_SERVING";

  const service = createService("grpc.health.v1.Health", {
    Check: unary({
      request: "grpc.health.v1.HealthCheckRequest",
      response: RESPONSE,
      handle({ service = "" }) {
        if (!known.has(service)) throw new SignalboxError("not_found", "Cannot check the service: there is none such");
        return { status };
      },
    }),
    List: unary({
      request: "grpc.health.v1.HealthListRequest",
      response: "grpc.health.v1.HealthListResponse",
      handle: () => ({ statuses: Object.fromEntries(Array.from(known, (name) => [name, { status }])) }),
    }),
    Watch: serverStream({
      request: "grpc.health.v1.HealthCheckRequest",
      response: RESPONSE,
      open({ service = "" }, stream) {
        // A service that nobody knows may be known one day: its watch goes on, says the protocol.
        stream.send({ status: known.has(service) ? status : "SERVICE_UNKNOWN" });
        if (known.has(service)) watchers.add(stream);
        return () => watchers.delete(stream);
      },
    }),
  });

  return {
    service,
    setServing(serving) {
      const now = serving ? "SERVING" : "NOT_SERVING";
      if (now === status) return;
      status = now;
      for (const watcher of watchers) watcher.send({ status });
    },
  };
}
