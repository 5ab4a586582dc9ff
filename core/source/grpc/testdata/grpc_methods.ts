import { SESSION_SERVICE } from "../grpc_sessions.ts";

const path = <Name extends string>(name: Name) => `/${SESSION_SERVICE}/${name}` as const;

/** The methods of `signalbox.v1.SessionService`, as a `GrpcClient` calls them. */
export const REGISTER = [path("Register"), "signalbox.v1.RegisterRequest", "signalbox.v1.RegisterResponse"] as const;
export const DEREGISTER = [
  path("Deregister"),
  "signalbox.v1.DeregisterRequest",
  "signalbox.v1.DeregisterResponse",
] as const;
export const BATCH = [path("Batch"), "signalbox.v1.BatchRequest", "signalbox.v1.BatchResponse"] as const;
export const GET = [path("Get"), "signalbox.v1.GetRequest", "signalbox.v1.GetResponse"] as const;
export const LIST = [path("List"), "signalbox.v1.ListRequest", "signalbox.v1.ListResponse"] as const;
export const WATCH = [path("Watch"), "signalbox.v1.WatchRequest", "signalbox.v1.WatchResponse"] as const;
export const GET_GENERATION = [
  path("GetGeneration"),
  "signalbox.v1.GetGenerationRequest",
  "signalbox.v1.GetGenerationResponse",
] as const;
