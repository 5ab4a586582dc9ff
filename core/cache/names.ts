/** The route configuration that holds every session's virtual host (layout `rds`). */
export const ROUTES = "sessions";

/** The route configuration without virtual hosts of its own, which Envoy fills by VHDS (layout `vhds`). */
export const ROUTES_BY_VHDS = "sessions-vhds";

/**
 * The cluster by which Envoy reaches Signalbox. The underscore sets it apart: a session's cluster has none, because an
 * id and a host have none.
 */
export const XDS_CLUSTER = "signalbox_xds";
