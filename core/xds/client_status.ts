import { SECRET } from "../cache/resource_type.ts";
import { encodeAny } from "../proto/any.ts";
import { encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import { concatBytes, fieldBytes } from "../proto/wire.ts";
import type { Client } from "./client.ts";
import type { ClientNode } from "./client_node.ts";
import { createNodeFilter } from "./node_matcher.ts";
import type { ResourceStatus } from "./resource_status.ts";

/** A client as it can be asked about. */
export interface ClientView {
  readonly client: Client;
  /** Of all that the client gets. */
  statuses(): Iterable<ResourceStatus>;
}

/** Field numbers of `envoy.service.status.v3`. */
const RESPONSE_CONFIG = 1;
const CLIENT_CONFIG_RESOURCES = 3;
const RESOURCE_BODY = 4;

/**
 * An encoded `ClientStatusResponse`: a `ClientConfig` for every client that the request asks for. Secrets are listed, never
 * shown. Throws `invalid_request` for matchers that are not understood.
 */
export function encodeClientStatus(
  clients: Iterable<ClientView>,
  { nodeMatchers, excludeResourceContents = false }: Message<"envoy.service.status.v3.ClientStatusRequest">,
): Uint8Array {
  const asksFor = createNodeFilter(nodeMatchers);
  const configs = Array.from(clients).filter(({ client }) => asksFor(client.node)).map(({ client, statuses }) => {
    const { id, node, group, protocol } = client;
    const head = { node: toNode(node), clientScope: `stream ${id}, ${protocol}, group ${group}` };
    const resources = Array.from(statuses(), (status) => {
      return fieldBytes(CLIENT_CONFIG_RESOURCES, encodeStatus(status, { contents: !excludeResourceContents }));
    });
    return fieldBytes(
      RESPONSE_CONFIG,
      concatBytes([encodeMessage("envoy.service.status.v3.ClientConfig", head), ...resources]),
    );
  });
  return concatBytes(configs);
}

function encodeStatus(
  { typeUrl, resource, status, error }: ResourceStatus,
  { contents }: { readonly contents: boolean },
): Uint8Array {
  const { name, version } = resource;
  const head = encodeMessage("envoy.service.status.v3.ClientConfig.GenericXdsConfig", {
    typeUrl,
    name,
    versionInfo: version,
    configStatus: status,
    clientStatus: CLIENT_STATUS[status],
    ...(error === undefined ? {} : { errorState: { details: error, versionInfo: version } }),
  });
  if (!contents || typeUrl === SECRET) return head;
  return concatBytes([head, fieldBytes(RESOURCE_BODY, encodeAny(typeUrl, resource.body))]);
}

const CLIENT_STATUS = { SYNCED: "ACKED", ERROR: "NACKED", STALE: "REQUESTED", NOT_SENT: "REQUESTED" } as const;

function toNode(node: ClientNode): Message<"envoy.config.core.v3.Node"> {
  const { id, cluster, metadata, region, zone, subZone, userAgent } = node;
  return { id, cluster, metadata, locality: { region, zone, subZone }, userAgentName: userAgent };
}
