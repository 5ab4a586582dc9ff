import type { Command } from "commander";
import { SignalboxError } from "../signalbox_error.ts";
import type { CommandIo } from "./command_io.ts";

interface Options {
  readonly config: string;
  readonly namespace?: string;
  readonly dryRun?: true;
}

/** `install`: what a cluster must have before Signalbox runs in it. */
export function addInstallCommand(parent: Command, io: CommandIo): void {
  parent.command("install")
    .summary("give a Kubernetes cluster what Signalbox needs there")
    .description(
      "Makes the ServiceAccount of Signalbox, with the rights that this config needs and no others; the definition of " +
        "what its replicas tell each other; and, where the cluster is the store, of what a Session is.",
    )
    .requiredOption("-c, --config <file>", "the config file (YAML) that Signalbox will have in the cluster")
    .option("-n, --namespace <name>", "where Signalbox will run; default: the kubeconfig's")
    .option("--dry-run", "print it, for kubectl apply, and change nothing")
    .addHelpText("after", "\nExample:\n  signalbox install --config signalbox.yaml --namespace signalbox --dry-run")
    .action((options: Options) => install(options, io));
}

async function install({ config: path, dryRun, namespace }: Options, io: CommandIo): Promise<void> {
  const { loadConfig } = await import("../config/load_config.ts");
  const { buildManifests } = await import("./kubernetes_manifests.ts");
  const config = await loadConfig(path);
  if (dryRun) {
    const { formatYaml } = await import("./yaml_text.ts");
    const manifests = buildManifests({ config, namespace: namespace ?? "default" });
    io.out(manifests.map((manifest) => formatYaml(manifest)).join("---\n"));
    return;
  }
  const { connectCluster } = await import("../connect_cluster.ts");
  const { applyObject } = await import("../kubernetes/apply.ts");
  const { KubernetesError } = await import("../kubernetes/kubernetes_error.ts");
  const client = await connectCluster(config.kubernetes ?? {});
  try {
    for (const manifest of buildManifests({ config, namespace: namespace ?? client.namespace })) {
      const { kind, metadata: { name, namespace } } = manifest;
      const what = `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
      await applyObject(client, manifest).catch((thrown) => {
        if (!(thrown instanceof KubernetesError)) throw thrown;
        // A namespace is for whoever runs the cluster to make.
        throw new SignalboxError("invalid_config", `Cannot install ${what}: ${thrown.message}`, { cause: thrown });
      });
      io.out(`${what}\n`);
    }
  } finally {
    client.close();
  }
}
