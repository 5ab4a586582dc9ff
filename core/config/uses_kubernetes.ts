import type { Config } from "./config.ts";

/** Whether anything that is configured is a Kubernetes cluster's. */
export function usesKubernetes(
  { kubernetes, store, sessionSecrets }: Pick<Config, "kubernetes" | "store" | "sessionSecrets">,
): boolean {
  return kubernetes !== undefined || store.kind === "kubernetes" || sessionSecrets.kubernetes !== undefined;
}
