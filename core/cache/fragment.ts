/** A cluster of a session in encoded parts, so that each resource type can be put together without encoding again. */
export interface ClusterPart {
  readonly name: string;
  /** An encoded `envoy.config.cluster.v3.Cluster`, complete but for `load_assignment` (field 33). */
  readonly body: Uint8Array;
  /** The encoded `envoy.config.endpoint.v3.ClusterLoadAssignment`, whose `cluster_name` is `name`. */
  readonly loadAssignment: Uint8Array;
  /** Its routes have gone: it is there for the calls that are on their way. */
  readonly leaving?: true;
}

/** A virtual host in encoded parts: each layout names it and lists its domains in its own way. */
export interface VirtualHostPart {
  /** The hosts that it answers for, lower case, the session's `host` first. */
  readonly hosts: readonly string[];
  /** An encoded `envoy.config.route.v3.VirtualHost`, complete but for `name` (1) and `domains` (2). */
  readonly body: Uint8Array;
}

/** A resource that is sent as it was built. */
export interface WholePart {
  readonly name: string;
  readonly body: Uint8Array;
}

/** All resources of one session: what the pipeline makes of it and the cache takes in. */
export interface Fragment {
  readonly sessionId: string;
  /** The groups of Envoys that have the session; absent: all. */
  readonly groups?: readonly string[];
  readonly clusters: readonly ClusterPart[];
  readonly virtualHosts: readonly VirtualHostPart[];
  /** Encoded `envoy.extensions.transport_sockets.tls.v3.Secret`. */
  readonly secrets: readonly WholePart[];
}

/** What belongs to no session: made from the configuration alone. */
export interface SharedResources {
  /** Encoded `envoy.config.listener.v3.Listener`. */
  readonly listeners: readonly WholePart[];
  /** Encoded `envoy.config.cluster.v3.Cluster`, with its endpoints. */
  readonly clusters: readonly WholePart[];
  readonly secrets: readonly WholePart[];
}
