import { createNamespace } from "../e2e/kubernetes_namespace.ts";
import { createReplicas } from "../e2e/kubernetes_replicas.ts";
import { createWorld, DOMAIN } from "../e2e/harness.ts";
import { findApiServer, startApiServer } from "../e2e/kubernetes_api_server.ts";
import { createProber } from "./first_answer.ts";
import { type Percentiles, percentiles } from "./samples.ts";

export interface PodsOptions {
  /** How many pods are made and measured, one after the other. */
  readonly pods: number;
}

/** Times are from the request that makes a pod Ready until the first call to it is answered, through a real Envoy. */
export interface PodsResult {
  readonly pods: number;
  readonly firstAnswerMs: Percentiles;
}

/** Needs an API server of its own, or that of `KUBECONFIG`. */
export async function measurePods({ pods }: PodsOptions): Promise<PodsResult> {
  const found = await findApiServer();
  if (typeof found === "string") throw new Error(`Cannot measure pods: ${found}`);
  await using server = await startApiServer(found);
  await using namespace = await createNamespace(server);
  await using world = await createWorld({ store: "memory", config: namespace.config, tls: false, concurrency: 2 });
  const { address: ip, port } = await world.addBackend("bench");
  using prober = await createProber(world.ingress());
  const samplesMs: number[] = [];
  const warmUp = 5;
  for (let index = 0; index < warmUp + pods; index++) {
    const id = `pod-${index}`;
    // One IP is several pods' only where that is the node's.
    await namespace.createPod(id, { says: { session: id }, port, hostNetwork: true });
    const startedAtMs = performance.now();
    // The kubelet does not wait for the answer either: the route may be there first.
    const [{ atMs }] = await Promise.all([prober.firstAnswer(`${id}.${DOMAIN}`), namespace.setStatus(id, { ip })]);
    if (index >= warmUp) samplesMs.push(atMs - startedAtMs);
  }
  return { pods, firstAnswerMs: percentiles(samplesMs) };
}

/** Times are from the request that makes a pod wait for nothing but the gate until that is heard to be open. */
export interface GatesResult {
  readonly pods: number;
  readonly openMs: Percentiles;
}

/** As `measurePods()`, of pods with the readiness gate, and with two replicas, an Envoy each. */
export async function measureGates({ pods }: PodsOptions): Promise<GatesResult> {
  const found = await findApiServer();
  if (typeof found === "string") throw new Error(`Cannot measure gates: ${found}`);
  await using server = await startApiServer(found);
  await using bed = await createReplicas(server, { pods: true });
  const { namespace, world } = bed;
  const { address: ip, port } = await world.addBackend("bench");
  const samplesMs: number[] = [];
  const warmUp = 5;
  for (let index = 0; index < warmUp + pods; index++) {
    const id = `pod-${index}`;
    await namespace.createPod(id, { says: { session: id }, port, hostNetwork: true, gated: true });
    const startedAtMs = performance.now();
    await namespace.setStatus(id, { ip, waitsForGate: true });
    await namespace.untilRoutable(id, "True");
    if (index >= warmUp) samplesMs.push(performance.now() - startedAtMs);
  }
  return { pods, openMs: percentiles(samplesMs) };
}
