import type { KubernetesClient } from "./kubernetes_client.ts";

export interface Applicable {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The resources of the kinds that Signalbox is installed with. */
const RESOURCES: Readonly<Record<string, string>> = {
  ClusterRole: "clusterroles",
  ClusterRoleBinding: "clusterrolebindings",
  ConfigMap: "configmaps",
  CustomResourceDefinition: "customresourcedefinitions",
  Deployment: "deployments",
  Namespace: "namespaces",
  NetworkPolicy: "networkpolicies",
  PodDisruptionBudget: "poddisruptionbudgets",
  Role: "roles",
  RoleBinding: "rolebindings",
  Service: "services",
  ServiceAccount: "serviceaccounts",
  ServiceMonitor: "servicemonitors",
};

/** Makes the object as it is given, whether it is there or not (server-side apply). Rejects with `KubernetesError`. */
export async function applyObject(
  client: Pick<KubernetesClient, "request">,
  object: Applicable,
  { dryRun = false }: { readonly dryRun?: boolean } = {},
): Promise<void> {
  await client.request(pathOf(object), {
    method: "PATCH",
    query: { fieldManager: "signalbox-install", force: "true", ...(dryRun ? { dryRun: "All" } : {}) },
    contentType: "application/apply-patch+yaml",
    body: object,
  });
}

/** As in `/apis/apps/v1/namespaces/default/deployments/name`. */
export function pathOf({ apiVersion, kind, metadata: { name, namespace } }: Applicable): string {
  const resource = RESOURCES[kind];
  if (resource === undefined) throw new TypeError(`Cannot apply a ${kind}: its resource is not known`);
  const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const where = namespace === undefined ? "" : `/namespaces/${namespace}`;
  return `${group}${where}/${resource}/${name}`;
}
