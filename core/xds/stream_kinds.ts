import type { Message } from "../proto/message_types.ts";
import type { StreamKind } from "./client_stream.ts";
import { type DeltaRequest, type DeltaResponse, DeltaStream } from "./delta_stream.ts";
import { toDeltaRequest, toSotwRequest } from "./discovery_request.ts";
import { encodeDeltaResponse } from "./encode_response.ts";
import { encodeSotwResponse } from "./encode_sotw_response.ts";
import { type SotwRequest, type SotwResponse, SotwStream } from "./sotw_stream.ts";

export const DELTA: StreamKind<
  Message<"envoy.service.discovery.v3.DeltaDiscoveryRequest">,
  DeltaRequest,
  DeltaResponse
> = {
  protocol: "delta",
  parse: toDeltaRequest,
  create: (views, limits) => new DeltaStream(views, limits),
  encode: encodeDeltaResponse,
};

export const SOTW: StreamKind<Message<"envoy.service.discovery.v3.DiscoveryRequest">, SotwRequest, SotwResponse> = {
  protocol: "sotw",
  parse: toSotwRequest,
  create: (views) => new SotwStream(views),
  encode: encodeSotwResponse,
};
