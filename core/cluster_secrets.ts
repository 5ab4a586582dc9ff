import type { Config } from "./config/config.ts";
import type { KubernetesClient } from "./kubernetes/kubernetes_client.ts";
import { SecretSet } from "./kubernetes/secret_set.ts";
import { systemTimers } from "./timers.ts";

/** The Secrets of a Kubernetes that are configured. What is open to plugins' configs is not open to sessions. */
export interface ClusterSecrets {
  readonly plugins?: SecretSet;
  readonly sessions?: SecretSet;
  /** Resolves when every one that there is is known. */
  readonly synced: Promise<void>;
  /** What keeps them from being followed now, for people; a line each. */
  problems(): readonly string[];
  close(): Promise<void>;
}

/** Begins to follow them. Does not close the client. */
export function openClusterSecrets(
  { kubernetes = {}, sessionSecrets }: Pick<Config, "kubernetes" | "sessionSecrets">,
  { client, nowMs }: {
    readonly client: KubernetesClient;
    /** Milliseconds that never go back. */
    readonly nowMs: () => number;
  },
): ClusterSecrets {
  const shared = { client, timers: systemTimers, nowMs };
  const plugins = kubernetes.secrets && new SecretSet({ ...kubernetes.secrets, ...shared });
  const sessions = sessionSecrets.kubernetes &&
    new SecretSet({ ...sessionSecrets.kubernetes, namespaces: [sessionSecrets.kubernetes.namespace], ...shared });
  return {
    ...(plugins && { plugins }),
    ...(sessions && { sessions }),
    synced: Promise.all([plugins?.synced(), sessions?.synced()]).then(() => {}),
    problems: () => [...plugins?.problems ?? [], ...sessions?.problems ?? []],
    async close() {
      await Promise.all([plugins?.close(), sessions?.close()]);
    },
  };
}
