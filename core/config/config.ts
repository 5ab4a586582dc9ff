/** A complete configuration: every default filled in, every path absolute. Made by `parseConfig()`. */
export interface Config {
  /** In lower case. A session's host is `<id>.<domain>` where it asks for no other. */
  readonly domain: string;
  /** Where the tasks API listens. */
  readonly http: HttpConfig;
  /** Where Envoys connect for ADS. */
  readonly xds: XdsConfig;
  /** Where the gRPC API listens. */
  readonly grpc: GrpcConfig;
  readonly store: StoreConfig;
  readonly delivery: DeliveryConfig;
  /** What Envoy is told to listen to; empty where Envoys bring listeners of their own. */
  readonly listeners: readonly ListenerConfig[];
  /** In the order in which they are tried: an Envoy belongs to the first that matches it. At least one. */
  readonly groups: readonly GroupConfig[];
  /** In the order in which they run; names are unique. */
  readonly plugins: readonly PluginConfig[];
  readonly sessionSecrets: SessionSecretsConfig;
  /** Absent: nothing is asked of any Kubernetes. */
  readonly kubernetes?: KubernetesConfig;
  readonly log: LogConfig;
}

export interface ListenAddress {
  /** An IPv4 or IPv6 address, without brackets. */
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
}

/** How a server proves to be itself, and who may use it. */
export interface AccessConfig {
  /** Absent: cleartext. */
  readonly tls?: ServerTlsFiles;
  /** With or without a certificate of `tls.clientCa`, who has one of these may use the server. */
  readonly tokens: readonly TokenHash[];
  /** A file with more of them. */
  readonly tokensFile?: string;
}

export interface HttpConfig extends ListenAddress, AccessConfig {
  /** How long a poll is held that does not say how long its client waits, in milliseconds; 0: none is held. */
  readonly longPollMs: number;
}

export interface XdsConfig extends ListenAddress, AccessConfig {
  /** How long a connection lasts, in milliseconds, give or take a tenth. */
  readonly maxConnectionAgeMs: number;
}

export interface GrpcConfig extends ListenAddress, AccessConfig {
  /** False: there is no gRPC API. */
  readonly enabled: boolean;
}

export type StoreConfig =
  | { readonly kind: "memory" }
  | {
    readonly kind: "sqlite";
    /** The database's file; its folder is made where it is missing. */
    readonly path: string;
  }
  | {
    /** Sessions are objects of the cluster, which all replicas share. */
    readonly kind: "kubernetes";
    /** Where they are; absent: that of Signalbox itself. */
    readonly namespace?: string;
  };

export interface DeliveryConfig {
  /** Where the listeners' routes come from: a scope a session, one route configuration, or virtual hosts on demand. */
  readonly routes: "scoped" | "rds" | "vhds";
  /** Whether every Envoy holds every session, or asks for a session's cluster (`vhds`: its host too) at the first call. */
  readonly clusters: "push" | "on-demand";
  /** How many names that nobody has are remembered of what one Envoy asks for, of each type. */
  readonly maxUnknownNames: number;
  /** How long a cluster stays after its routes have left it, in milliseconds. */
  readonly drainMs: number;
}

/** Envoys that have the same sessions and listeners. */
export interface GroupConfig {
  readonly name: string;
  /** Absent: every Envoy. */
  readonly match?: {
    readonly ids?: readonly string[];
    readonly clusters?: readonly string[];
    readonly identities?: readonly string[];
    readonly metadata?: Readonly<Record<string, string | number | boolean>>;
    readonly locality?: { readonly region?: string; readonly zone?: string; readonly subZone?: string };
  };
  /** Names of `listeners`. */
  readonly listeners: readonly string[];
}

/** Which cluster, and what of it. */
export interface KubernetesConfig {
  /** Absent: `KUBECONFIG`, `~/.kube/config`, or what a pod is given. */
  readonly kubeconfig?: string;
  /** Absent: the kubeconfig's current one. */
  readonly context?: string;
  /** Absent: pods are no sessions. */
  readonly pods?: PodsConfig;
  /** Absent: Services are no sessions. */
  readonly services?: ScopeConfig;
  /** Absent: sessions that are registered lead to no Services. */
  readonly endpoints?: EndpointsConfig;
  /** The Secrets that plugins' configs may refer to; absent: none. */
  readonly secrets?: SecretsConfig;
}

/** Which Services registered sessions may lead to. */
export interface EndpointsConfig {
  /** At least one; `["*"]`: all. */
  readonly namespaces: readonly string[];
}

export interface SecretsConfig {
  /** At least one. */
  readonly namespaces: readonly string[];
  /** A label selector; absent: all. */
  readonly selector?: string;
}

/** Which objects are sessions. */
export interface ScopeConfig {
  /** A label selector. */
  readonly selector: string;
  /** `["*"]`: all; absent: that of Signalbox itself. */
  readonly namespaces?: readonly string[];
}

export interface PodsConfig extends ScopeConfig {
  /** Of pods that name none. */
  readonly port?: number;
}

export interface ListenerConfig {
  /** Unique among the listeners. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Absent: cleartext HTTP/1.1 and HTTP/2. */
  readonly tls?: TlsFiles;
}

/** PEM files, read by Signalbox. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface PluginConfig {
  readonly name: string;
  /** A file or a folder. Absent: the plugin of this name comes with Signalbox. */
  readonly from?: string;
  /** What the file must be, as 64 hex digits. */
  readonly sha256?: string;
  /** What becomes of a session that the plugin fails on. */
  readonly onError: "keep-last" | "skip" | "withdraw";
  /** As it was written: the plugin checks it. */
  readonly config?: unknown;
  /** Where relative paths in `config` begin. */
  readonly baseDir: string;
}

/** Which secrets sessions may refer to: files below the folder, variables whose names begin so, Secrets; absent: none. */
export interface SessionSecretsConfig {
  readonly folder?: string;
  readonly envPrefix?: string;
  readonly kubernetes?: {
    readonly namespace: string;
    /** A label selector; absent: all of the namespace. */
    readonly selector?: string;
  };
}

export interface ServerTlsFiles extends TlsFiles {
  /** PEM file of the authorities whose certificates clients may have. */
  readonly clientCa?: string;
  /** The identities that such a certificate must have one of; absent: any will do. */
  readonly clientNames?: readonly string[];
}

/** A bearer token, of which only this is known. */
export interface TokenHash {
  /** What its holder is called in the log and in `token:<name>`. */
  readonly name: string;
  /** 64 hex digits: the SHA-256 of the token. */
  readonly sha256: string;
}

export interface LogConfig {
  /** What is less severe is left out. */
  readonly level: "debug" | "info" | "warn" | "error";
  readonly format: "json" | "text";
}
