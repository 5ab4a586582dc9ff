import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { Message } from "../proto/message_types.ts";
import { changeMessage, type MessageChanges, type Plain, transformMessage } from "../proto/transform.ts";
import { ROUTES, ROUTES_BY_VHDS, XDS_CLUSTER } from "./names.ts";
import { POLLING } from "./polling.ts";
import { type Renderer, RENDERERS } from "./render.ts";
import { createResource } from "./resource.ts";
import { LISTENER } from "./resource_type.ts";

const TYPE = "envoy.config.listener.v3.Listener";

const durationOf = (ms: number) => ({ seconds: Math.floor(ms / 1000), nanos: ms % 1000 * 1_000_000 });

const POLLED: Message<"envoy.config.core.v3.ConfigSource"> = {
  resourceApiVersion: "V3",
  apiConfigSource: {
    apiType: "REST",
    transportApiVersion: "V3",
    clusterNames: [XDS_CLUSTER],
    refreshDelay: durationOf(POLLING.refreshDelayMs),
    requestTimeout: durationOf(POLLING.requestTimeoutMs),
  },
};

const ON_DEMAND = "type.googleapis.com/envoy.extensions.filters.http.on_demand.v3.OnDemand";

/** What is to come over ADS is polled for; what only streams can do is done otherwise. */
const OVER_REST: MessageChanges = {
  "envoy.config.core.v3.ConfigSource": ({ ads, ...source }) => ads === undefined ? source : { ...source, ...POLLED },
  // Virtual hosts cannot be polled for one by one.
  "envoy.extensions.filters.network.http_connection_manager.v3.Rds": (rds) =>
    rds.routeConfigName === ROUTES_BY_VHDS ? { ...rds, routeConfigName: ROUTES } : rds,
  // Nor can clusters: who polls has them all.
  "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager": (manager) => ({
    ...manager,
    httpFilters: (manager.httpFilters ?? []).filter(({ typedConfig }) => typedConfig?.["@type"] !== ON_DEMAND),
  }),
};

function overRest(listener: Uint8Array): Uint8Array {
  const message = decodeMessage(TYPE, listener);
  const change = (fullName: string, message: Plain) => changeMessage(OVER_REST, fullName, message);
  return encodeMessage(TYPE, transformMessage(TYPE, message, change));
}

/** Listeners for Envoys that poll. */
export const REST_LISTENERS: Renderer = {
  ...RENDERERS[LISTENER],
  shared: ({ listeners }) => listeners.map(({ name, body }) => createResource(name, overRest(body))),
};
