import type { Config, ScopeConfig, StoreConfig } from "../config/config.ts";
import { LEASE_NAME } from "../kubernetes/elector.ts";
import { buildReplicaDefinition, REPLICAS } from "../source/kubernetes/replica_definition.ts";
import { buildSessionDefinition, GROUP, PLURAL } from "../store/session_definition.ts";

/** An object as `kubectl apply` takes it. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

/** In each namespace whose pods are sessions. */
const POD_RULES: readonly Rule[] = [
  { apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] },
  // The condition of the readiness gate: Kubernetes knows no smaller right.
  { apiGroups: [""], resources: ["pods/status"], verbs: ["patch"] },
  { apiGroups: [""], resources: ["events"], verbs: ["create"] },
];

/** In each namespace whose Services registered sessions may lead to. */
const ENDPOINT_RULES: readonly Rule[] = [
  { apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] },
  { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
];

/** In each namespace whose Services are sessions. */
const SERVICE_RULES: readonly Rule[] = [
  ...ENDPOINT_RULES,
  { apiGroups: [""], resources: ["events"], verbs: ["create"] },
];

/** In each namespace whose Secrets plugins' configs, or sessions, may refer to. */
const SECRET_RULES: readonly Rule[] = [{ apiGroups: [""], resources: ["secrets"], verbs: ["list", "watch"] }];

/** In the namespace that is the store. */
const STORE_RULES: readonly Rule[] = [
  { apiGroups: [GROUP], resources: [PLURAL], verbs: ["list", "watch", "create", "patch", "delete"] },
  { apiGroups: [GROUP], resources: [`${PLURAL}/status`], verbs: ["patch"] },
];

/** Where Signalbox runs, or where its replicas have their store. */
const REPLICA_RULES: readonly Rule[] = [
  // What each says of its own Envoys.
  { apiGroups: [GROUP], resources: [REPLICAS], verbs: ["list", "watch", "create", "patch", "delete"] },
  // Which replica writes conditions: what is yet to be made has no name that a rule could have.
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], resourceNames: [LEASE_NAME], verbs: ["get", "update"] },
];

const RBAC = "rbac.authorization.k8s.io";
const NAME = "signalbox";

export interface ManifestOptions {
  readonly config: Pick<Config, "kubernetes" | "store" | "sessionSecrets">;
  /** Where Signalbox runs. */
  readonly namespace: string;
}

/**
 * What a cluster must have before a Signalbox with this config runs in it: a ServiceAccount with the least rights, what
 * its replicas tell each other by, and where the cluster is the store, what a Session is.
 */
export function buildManifests({ config, namespace }: ManifestOptions): readonly Manifest[] {
  const account: Manifest = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } };
  const { pods, services, endpoints, secrets } = config.kubernetes ?? {};
  const { kubernetes: sessionSecrets } = config.sessionSecrets;
  return [
    account,
    ...replicaManifests(config, namespace),
    ...storeManifests(config.store, namespace),
    ...scopeManifests(pods, `${NAME}-pods`, { rules: POD_RULES, namespace }),
    ...scopeManifests(services, `${NAME}-services`, { rules: SERVICE_RULES, namespace }),
    ...scopeManifests(endpoints, `${NAME}-endpoints`, { rules: ENDPOINT_RULES, namespace }),
    ...scopeManifests(secrets, `${NAME}-secrets`, { rules: SECRET_RULES, namespace }),
    ...(sessionSecrets ? rightsIn(sessionSecrets.namespace, `${NAME}-session-secrets`, SECRET_RULES, namespace) : []),
  ];
}

/** A Signalbox that follows Services alone has nothing to agree upon. */
function replicaManifests({ store, kubernetes }: ManifestOptions["config"], namespace: string): readonly Manifest[] {
  const isShared = store.kind === "kubernetes";
  if (!isShared && !kubernetes?.pods) return [];
  const where = isShared ? store.namespace ?? namespace : namespace;
  return [buildReplicaDefinition(), ...rightsIn(where, `${NAME}-replicas`, REPLICA_RULES, namespace)];
}

function storeManifests(store: StoreConfig, namespace: string): readonly Manifest[] {
  if (store.kind !== "kubernetes") return [];
  const rights = rightsIn(store.namespace ?? namespace, `${NAME}-store`, STORE_RULES, namespace);
  return [buildSessionDefinition(), ...rights];
}

function scopeManifests(
  scope: Pick<ScopeConfig, "namespaces"> | undefined,
  name: string,
  { rules, namespace }: { readonly rules: readonly Rule[]; readonly namespace: string },
): readonly Manifest[] {
  if (!scope) return [];
  const namespaces = scope.namespaces ?? [namespace];
  return namespaces.includes("*")
    ? clusterRights(name, rules, namespace)
    : namespaces.flatMap((where) => rightsIn(where, name, rules, namespace));
}

function rightsIn(namespace: string, name: string, rules: readonly Rule[], account: string): readonly Manifest[] {
  const metadata = { name, namespace };
  return [
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata, rules },
    { apiVersion: `${RBAC}/v1`, kind: "RoleBinding", metadata, ...binding("Role", name, account) },
  ];
}

function clusterRights(name: string, rules: readonly Rule[], account: string): readonly Manifest[] {
  const metadata = { name };
  return [
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata, rules },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRoleBinding", metadata, ...binding("ClusterRole", name, account) },
  ];
}

function binding(kind: "Role" | "ClusterRole", name: string, namespace: string) {
  return {
    roleRef: { apiGroup: RBAC, kind, name },
    subjects: [{ kind: "ServiceAccount", name: NAME, namespace }],
  };
}
