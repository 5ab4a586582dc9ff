import type { Message } from "../proto/message_types.ts";
import type { ListenerMessage } from "./hooks.ts";
import type { HttpFilter } from "./plugin.ts";

type FilterChain = Message<"envoy.config.listener.v3.FilterChain">;
type NetworkFilter = Message<"envoy.config.listener.v3.Filter">;

const CONNECTION_MANAGER =
  "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const ROUTER = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";

/** As `PluginHost.withHttpFilter()`. */
export function withHttpFilter(listener: ListenerMessage, filter: HttpFilter): ListenerMessage {
  // Not every plugin was type-checked.
  if ("disabled" in filter && filter.disabled) {
    throw new TypeError(`Cannot add the HTTP filter "${filter.name}": it is disabled`);
  }
  const { filterChains, defaultFilterChain } = listener;
  return {
    ...listener,
    ...(filterChains && { filterChains: filterChains.map((chain) => addToChain(chain, filter)) }),
    ...(defaultFilterChain && { defaultFilterChain: addToChain(defaultFilterChain, filter) }),
  };
}

function addToChain(chain: FilterChain, filter: HttpFilter): FilterChain {
  return { ...chain, filters: chain.filters?.map((networkFilter) => addToFilter(networkFilter, filter)) };
}

function addToFilter(networkFilter: NetworkFilter, filter: HttpFilter): NetworkFilter {
  const { typedConfig } = networkFilter;
  // One that is encoded already is somebody else's.
  if (typedConfig?.["@type"] !== CONNECTION_MANAGER || "value" in typedConfig) return networkFilter;
  return {
    ...networkFilter,
    typedConfig: { ...typedConfig, httpFilters: insert(typedConfig.httpFilters ?? [], filter) },
  };
}

function insert(filters: readonly HttpFilter[], filter: HttpFilter): readonly HttpFilter[] {
  if (filters.some(({ name }) => name === filter.name)) {
    return filters.map((present) => present.name === filter.name ? filter : present);
  }
  const router = filters.findLastIndex(({ typedConfig }) => typedConfig?.["@type"] === ROUTER);
  return filters.toSpliced(router < 0 ? filters.length : router, 0, filter);
}
