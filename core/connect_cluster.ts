import type { KubernetesConfig } from "./config/config.ts";
import { fileFailure } from "./file_failure.ts";
import { readKubeConfig } from "./kubernetes/kube_config.ts";
import { createKubernetesClient, type KubernetesClient } from "./kubernetes/kubernetes_client.ts";
import { SignalboxError } from "./signalbox_error.ts";

/** Reaches no further than the kubeconfig. Throws `invalid_config` where that cannot be used. */
export async function connectCluster(
  config: Pick<KubernetesConfig, "kubeconfig" | "context">,
): Promise<KubernetesClient> {
  try {
    return createKubernetesClient(await readKubeConfig(config));
  } catch (thrown) {
    const message = fileFailure(thrown);
    const path = config.kubeconfig === undefined ? "kubernetes" : "kubernetes.kubeconfig";
    throw new SignalboxError("invalid_config", `${path}: ${message}`, { issues: [{ path, message }], cause: thrown });
  }
}
