import type { KubeConfig } from "@kubernetes/client-node";
import type { RequestOptions } from "node:https";
import process from "node:process";

export interface KubeConfigOptions {
  /** The kubeconfig's path; absent: `KUBECONFIG`, `~/.kube/config`, or what a pod is given. */
  readonly kubeconfig?: string;
  /** Absent: the kubeconfig's current one. */
  readonly context?: string;
}

/** How to reach an API server, and as whom. */
export interface KubeAccess {
  /** Its URL, without a slash at the end. */
  readonly server: string;
  /** Where Signalbox itself belongs: the pod's namespace, or the context's; `default` where none is named. */
  readonly namespace: string;
  /** As it is now: tokens and certificates are renewed by others. Reads files, and may run what the kubeconfig names. */
  credentials(): Promise<KubeCredentials>;
}

/** All PEM. */
export interface KubeCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** Reads the kubeconfig. Throws `Error` with a state ("it has no context …") where it cannot be used. */
export async function readKubeConfig({ kubeconfig, context }: KubeConfigOptions): Promise<KubeAccess> {
  const config = await load(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error(`it has no context "${config.getCurrentContext() ?? ""}" with a cluster`);
  if (kubeconfig === undefined && cluster.server === NOWHERE) {
    throw new Error("there is no kubeconfig, and this is not a pod with a ServiceAccount");
  }
  // Said here, for the requests would only fail.
  if (cluster.skipTLSVerify && cluster.server.startsWith("https:")) {
    throw new Error("insecure-skip-tls-verify is not supported: name the certificate-authority");
  }
  if (cluster.tlsServerName) throw new Error("tls-server-name is not supported");
  if (cluster.proxyUrl) throw new Error("proxy-url is not supported");
  return {
    server: cluster.server.replace(/\/+$/, ""),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace || "default",
    async credentials() {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      return toCredentials(options);
    },
  };
}

/** What the library falls back to when it finds nothing. */
const NOWHERE = "http://localhost:8080";

async function load(path: string | undefined): Promise<KubeConfig> {
  // It is large (70 MB, half a second): only those who have a cluster pay for it. Its dependencies are deprecated loudly.
  const { noDeprecation = false } = process;
  process.noDeprecation = true;
  const { KubeConfig } = await import("./client_node.ts");
  const config = new KubeConfig();
  if (path === undefined) config.loadFromDefault();
  else config.loadFromFile(path);
  process.noDeprecation = noDeprecation;
  return config;
}

function toCredentials({ headers = {}, auth, ca, cert, key }: RequestOptions): KubeCredentials {
  const texts = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  if (typeof auth === "string") texts.push(["Authorization", `Basic ${btoa(auth)}`]);
  return {
    headers: Object.fromEntries(texts),
    ...(ca ? { ca: String(ca) } : {}),
    ...(cert ? { cert: String(cert) } : {}),
    ...(key ? { key: String(key) } : {}),
  };
}
