import type { TypeUrl } from "../cache/resource_type.ts";
import type { Message } from "../proto/message_types.ts";
import type { DeltaRequest } from "./delta_stream.ts";
import type { SotwRequest } from "./sotw_stream.ts";

/** `typeUrl` is that of a service for one type, whose clients may leave it out. */
export function toDeltaRequest(
  wire: Message<"envoy.service.discovery.v3.DeltaDiscoveryRequest">,
  typeUrl?: TypeUrl,
): DeltaRequest {
  const request = {
    typeUrl: wire.typeUrl || (typeUrl ?? ""),
    subscribe: wire.resourceNamesSubscribe ?? [],
    unsubscribe: wire.resourceNamesUnsubscribe ?? [],
    initialVersions: wire.initialResourceVersions ?? {},
    nonce: wire.responseNonce ?? "",
  };
  return wire.errorDetail ? { ...request, error: wire.errorDetail.message ?? "" } : request;
}

/** As `toDeltaRequest()`. */
export function toSotwRequest(
  wire: Message<"envoy.service.discovery.v3.DiscoveryRequest">,
  typeUrl?: TypeUrl,
): SotwRequest {
  const request = {
    typeUrl: wire.typeUrl || (typeUrl ?? ""),
    names: wire.resourceNames ?? [],
    version: wire.versionInfo ?? "",
    nonce: wire.responseNonce ?? "",
  };
  return wire.errorDetail ? { ...request, error: wire.errorDetail.message ?? "" } : request;
}
