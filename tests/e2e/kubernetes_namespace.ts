import { join } from "node:path";
import { stringify } from "yaml";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { readKubeConfig } from "../../core/kubernetes/kube_config.ts";
import { createKubernetesClient, type KubernetesClient } from "../../core/kubernetes/kubernetes_client.ts";
import { Reflector } from "../../core/kubernetes/reflector.ts";
import { parsePod, type Pod, type PodCondition } from "../../core/source/kubernetes/kubernetes_pod.ts";
import { systemTimers } from "../../core/timers.ts";
import type { ApiServer } from "./kubernetes_api_server.ts";
import { startTcpProxy, type TcpProxy } from "./tcp_proxy.ts";

/** What a test says of a pod. */
export interface PodOptions {
  /** By keys without their prefix, as `session`; `session` is a label, all others are annotations. */
  readonly says?: Readonly<Record<string, string>>;
  /** The annotation for it. */
  readonly port?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly gated?: boolean;
  /** Its IP is the node's, and other pods' too. */
  readonly hostNetwork?: boolean;
}

/** A status as the kubelet would write it. There is none here: a test is the kubelet of its pods. */
export interface PodStatus {
  readonly ip: string;
  /** Default true. */
  readonly ready?: boolean;
  /** Default `Running`. */
  readonly phase?: string;
  /** When the node took it, in seconds since the epoch; default: when it was made. */
  readonly startedAt?: number;
  /** As of a pod that waits for the gate alone. */
  readonly waitsForGate?: boolean;
}

/** A namespace of its own, in which a Signalbox may do what `signalbox install` gives it the right to. */
export interface TestNamespace extends AsyncDisposable {
  readonly name: string;
  /** An administrator's. */
  readonly client: KubernetesClient;
  /** What stands between the API server and Signalbox, but not the administrator. */
  readonly proxy: TcpProxy;
  /** What of a Signalbox's config makes its sessions of the pods of this namespace. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Of such a Signalbox: what it may do, by the same way. */
  ownClient(): Promise<KubernetesClient>;
  /** Makes a Secret, or changes it. */
  putSecret(
    name: string,
    data: Readonly<Record<string, string>>,
    labels?: Readonly<Record<string, string>>,
  ): Promise<void>;
  createPod(name: string, options?: PodOptions): Promise<void>;
  setStatus(pod: string, status: PodStatus): Promise<void>;
  /** Made, and ready. */
  addPod(name: string, options: PodOptions & PodStatus): Promise<void>;
  annotate(pod: string, annotations: Readonly<Record<string, string | null>>): Promise<void>;
  /** Without grace it is gone at once; with it, it is going until it is deleted without. */
  deletePod(name: string, options?: { readonly graceSeconds?: number }): Promise<void>;
  /** Resolves with the condition of the readiness gate once it says so. */
  untilRoutable(pod: string, status: "True" | "False", reason?: string): Promise<PodCondition>;
  /** What Signalbox has said of an object in events. */
  events(name: string): Promise<readonly { readonly reason: string; readonly message: string }[]>;
}

const PREFIX = "signalbox.dev/";
/** Of the pods that name no port. */
const POD_PORT = 50051;

/**
 * `pods`: more of `kubernetes.pods` in the config, or that there is none; `services`: its `kubernetes.services`; `endpoints`:
 * registered sessions may lead to its Services; `store`: it is where sessions are kept; `secrets`: plugins' configs may
 * refer to its Secrets, and sessions to those that this label selector matches.
 */
export async function createNamespace(
  server: ApiServer,
  { pods = {}, services, endpoints = false, store = false, secrets }: {
    readonly pods?: Readonly<Record<string, unknown>> | false;
    readonly services?: Readonly<Record<string, unknown>>;
    readonly endpoints?: boolean;
    readonly store?: boolean;
    readonly secrets?: string;
  } = {},
): Promise<TestNamespace> {
  await using guard = new AsyncDisposableStack();
  const client = createKubernetesClient(await readKubeConfig({ kubeconfig: server.kubeconfig }));
  guard.defer(() => client.close());
  const name = `signalbox-test-${crypto.randomUUID().slice(0, 8)}`;
  const folder = await Deno.makeTempDir({ prefix: "signalbox-kube-" });
  guard.defer(() => Deno.remove(folder, { recursive: true }));
  await client.request("/api/v1/namespaces", { method: "POST", body: { metadata: { name } } });
  guard.defer(async () => void await client.request(`/api/v1/namespaces/${name}`, { method: "DELETE" }));

  const kubeconfigPath = join(folder, "kubeconfig");
  const config = {
    kubernetes: {
      kubeconfig: kubeconfigPath,
      ...(pods && { pods: { port: POD_PORT, ...pods } }),
      ...(services && { services }),
      ...(secrets !== undefined && { secrets: { namespaces: [name] } }),
      ...(endpoints && { endpoints: { namespaces: [name] } }),
    },
    ...(secrets !== undefined && { sessionSecrets: { kubernetes: { namespace: name, selector: secrets } } }),
    ...(store && { store: { kind: "kubernetes" } }),
  };
  await install(server, { folder, name, config });
  const access = await readKubeConfig({ kubeconfig: server.kubeconfig });
  const proxy = guard.use(startTcpProxy(Number(new URL(access.server).port)));
  const token = await createToken(client, name);
  const { ca = "" } = await access.credentials();
  const kubeconfig = toKubeconfig({ server: `https://127.0.0.1:${proxy.port}`, ca, token, namespace: name });
  await Deno.writeTextFile(kubeconfigPath, stringify(kubeconfig));
  const path = `/api/v1/namespaces/${name}`;
  const status = (pod: string, body: unknown) =>
    client.request(`${path}/pods/${pod}/status`, {
      method: "PATCH",
      contentType: "application/strategic-merge-patch+json",
      body: { status: body },
    });
  await until(() => client.request(`${path}/serviceaccounts/default`), { what: "the namespace's ServiceAccount" });

  const watched = new Map<string, Pod>();
  const reflector = new Reflector<Pod>({
    client,
    collection: { path: `${path}/pods`, title: "pods" },
    parse: parsePod,
    onChange: (changes) => changes.values().forEach((pod) => pod && watched.set(pod.name, pod)),
    timers: systemTimers,
    nowMs: () => performance.now(),
  });
  guard.defer(() => reflector.close());

  const namespace: TestNamespace = {
    name,
    client,
    proxy,
    config,
    ownClient: async () => createKubernetesClient(await readKubeConfig({ kubeconfig: kubeconfigPath })),
    async putSecret(secret, stringData, labels = {}) {
      await client.request(`${path}/secrets/${secret}`, {
        method: "PATCH",
        query: { fieldManager: "test" },
        contentType: "application/apply-patch+yaml",
        body: { apiVersion: "v1", kind: "Secret", metadata: { name: secret, labels }, stringData },
      });
    },
    async createPod(pod, options = {}) {
      const { says: { session, ...says } = {}, port, labels = {}, gated = false, hostNetwork = false } = options;
      const body = {
        metadata: {
          name: pod,
          labels: { ...labels, ...(session === undefined ? {} : { [`${PREFIX}session`]: session }) },
          annotations: prefixed({ ...says, ...(port === undefined ? {} : { port: String(port) }) }),
        },
        spec: {
          // A node that there is not: no kubelet takes it from the test. Without any it would be deleted without grace.
          nodeName: "signalbox-test",
          hostNetwork,
          terminationGracePeriodSeconds: 30,
          containers: [{ name: "backend", image: "backend" }],
          ...(gated ? { readinessGates: [{ conditionType: `${PREFIX}routable` }] } : {}),
        },
      };
      await client.request(`${path}/pods`, { method: "POST", body });
    },
    async setStatus(pod, { ip, ready = true, phase = "Running", startedAt, waitsForGate = false }) {
      const isReady = ready && !waitsForGate;
      const conditions = [
        { type: "ContainersReady", status: String(ready) },
        { type: "Ready", status: String(isReady), reason: waitsForGate ? "ReadinessGatesNotReady" : "" },
      ].map((condition) => ({ ...condition, status: condition.status === "true" ? "True" : "False" }));
      const startTime = startedAt === undefined
        ? {}
        : { startTime: new Date(startedAt * 1000).toISOString().replace(/\\.\\d+/, "") };
      await status(pod, { phase, podIP: ip, podIPs: [{ ip }], ...startTime, conditions });
    },
    async addPod(pod, options) {
      await namespace.createPod(pod, options);
      await namespace.setStatus(pod, options);
    },
    async annotate(pod, annotations) {
      const body = { metadata: { annotations: prefixed(annotations) } };
      await client.request(`${path}/pods/${pod}`, {
        method: "PATCH",
        contentType: "application/merge-patch+json",
        body,
      });
    },
    async deletePod(pod, { graceSeconds = 0 } = {}) {
      await client.request(`${path}/pods/${pod}`, {
        method: "DELETE",
        query: { gracePeriodSeconds: String(graceSeconds) },
      });
    },
    async untilRoutable(pod, status, reason) {
      const seen = () => {
        const condition = watched.get(pod)?.routable;
        return condition?.status === status && (reason ?? condition.reason) === condition.reason && condition;
      };
      return await until(seen, {
        intervalMs: 2,
        timeoutMs: 40_000,
        what: `${pod} to be ${status} ${reason ?? ""}`,
        otherwise: () => watched.get(pod)?.routable,
      });
    },
    async events(about) {
      const query = { fieldSelector: `involvedObject.name=${about}` };
      const { items } = await client.request(`${path}/events`, { query }) as {
        readonly items: readonly {
          readonly reason: string;
          readonly message: string;
          readonly reportingComponent: string;
        }[];
      };
      // The cluster has things to say of its own.
      return items.filter(({ reportingComponent }) => reportingComponent === "signalbox")
        .map(({ reason, message }) => ({ reason, message }));
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
  const disposal = guard.move();
  return namespace;
}

function prefixed<T>(says: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(says).map(([key, value]) => [PREFIX + key, value]));
}

/** As an administrator does it, with the command. */
async function install(
  server: ApiServer,
  { folder, name, config }: {
    readonly folder: string;
    readonly name: string;
    readonly config: { readonly kubernetes: Readonly<Record<string, unknown>> };
  },
): Promise<void> {
  const path = join(folder, "install.yaml");
  const kubernetes = { ...config.kubernetes, kubeconfig: server.kubeconfig };
  await Deno.writeTextFile(path, stringify({ domain: "example.org", ...config, kubernetes }));
  await runSignalbox(["install", "--config", path, "--namespace", name]);
}

/** Of the ServiceAccount that Signalbox runs as. */
async function createToken(client: KubernetesClient, namespace: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/signalbox/token`;
  const answer = await client.request(path, { method: "POST", body: { spec: { expirationSeconds: 3600 } } });
  return (answer as { readonly status: { readonly token: string } }).status.token;
}

function toKubeconfig(
  { server, ca, token, namespace }: Readonly<Record<"server" | "ca" | "token" | "namespace", string>>,
) {
  return {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server, "certificate-authority-data": btoa(ca) } }],
    users: [{ name: "u", user: { token } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u", namespace } }],
    "current-context": "x",
  };
}
