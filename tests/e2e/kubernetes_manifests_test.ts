import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, parseAllDocuments } from "yaml";
import { loadConfig } from "../../core/config/load_config.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { type Applicable, applyObject, pathOf } from "../../core/kubernetes/apply.ts";
import { readKubeConfig } from "../../core/kubernetes/kube_config.ts";
import { createKubernetesClient, type KubernetesClient } from "../../core/kubernetes/kubernetes_client.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";

const FOLDER = fileURLToPath(new URL("../../deploy/kubernetes/", import.meta.url));
const CONFIG = join(FOLDER, "signalbox.yaml");

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly files: readonly string[] }[];
}

const readText = (file: string) => Deno.readTextFile(join(FOLDER, file));

async function readKustomization(folder: string): Promise<Kustomization> {
  return parse(await readText(join(folder, "kustomization.yaml"))) as Kustomization;
}

async function readObjects(file: string): Promise<readonly Applicable[]> {
  return parseAllDocuments(await readText(file)).map((document) => document.toJS() as Applicable);
}

/** What the fields of a ServiceMonitor are, as far as ours has them: the operator's own definition has 60 times as much. */
const SERVICE_MONITORS = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "servicemonitors.monitoring.coreos.com" },
  spec: {
    group: "monitoring.coreos.com",
    scope: "Namespaced",
    names: { plural: "servicemonitors", singular: "servicemonitor", kind: "ServiceMonitor" },
    versions: [{
      name: "v1",
      served: true,
      storage: true,
      schema: {
        openAPIV3Schema: {
          type: "object",
          required: ["spec"],
          properties: {
            spec: {
              type: "object",
              required: ["endpoints", "selector"],
              properties: {
                selector: {
                  type: "object",
                  properties: { matchLabels: { type: "object", additionalProperties: { type: "string" } } },
                },
                endpoints: {
                  type: "array",
                  items: {
                    type: "object",
                    properties: { port: { type: "string" }, path: { type: "string" }, interval: { type: "string" } },
                  },
                },
              },
            },
          },
        },
      },
    }],
  },
};

/** Makes an object for as long as the test runs. */
async function make(client: KubernetesClient, object: Applicable): Promise<AsyncDisposable> {
  await applyObject(client, object);
  return {
    async [Symbol.asyncDispose]() {
      await client.request(pathOf(object), { method: "DELETE" });
    },
  };
}

testWithKubernetes("an API server takes each manifest as it is", async (server) => {
  const client = createKubernetesClient(await readKubeConfig({ kubeconfig: server.kubeconfig }));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => client.close());
  for (const namespace of await readObjects("namespaces.yaml")) stack.use(await make(client, namespace));
  stack.use(await make(client, SERVICE_MONITORS));
  const taken: string[] = [];
  for (const folder of [".", "monitoring"]) {
    const { resources } = await readKustomization(folder);
    for (const file of resources) {
      for (const object of await readObjects(join(folder, file))) {
        const take = () => applyObject(client, object, { dryRun: true });
        // What the server knows of the definition comes a moment after it.
        if (object.kind === "ServiceMonitor") await until(() => take().then(() => true), { what: "the definition" });
        else await take();
        taken.push(object.kind);
      }
    }
  }
  for (const kind of ["Role", "Deployment", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"]) {
    assert.ok(taken.includes(kind), `there is no ${kind}`);
  }
}, { envoy: false, own: true });

Deno.test("the rights are those that install gives", async () => {
  const printed = await runSignalbox(["install", "--config", CONFIG, "--namespace", "signalbox", "--dry-run"]);
  assert.equal(await readText("rbac.yaml"), printed);
});

Deno.test("Envoy's bootstrap is what bootstrap prints", async () => {
  const options = ["--config", CONFIG, "--xds", "signalbox.signalbox.svc:18000", "--cluster", "kubernetes"];
  assert.equal(await readText("envoy.yaml"), await runSignalbox(["bootstrap", ...options]));
});

Deno.test("the files of the ConfigMaps are there, and the pods mount them where they look for them", async () => {
  const { configMapGenerator = [] } = await readKustomization(".");
  for (const { name, files } of configMapGenerator) {
    const [deployment] = await readObjects(`${name}_deployment.yaml`);
    const text = JSON.stringify(deployment);
    assert.ok(text.includes(JSON.stringify({ name })), `${name} is mounted`);
    for (const file of files) assert.ok(text.includes(`/etc/${name}/${file}`), `${file} is what the container reads`);
  }
  const { listeners, kubernetes, http, xds } = await loadConfig(CONFIG);
  const service = (await readObjects("signalbox_deployment.yaml")).find(({ kind }) => kind === "Service");
  const { spec: { ports: open } } = service as unknown as ServicePorts;
  const ports = open.map(({ port }) => port);
  assert.deepEqual(ports, [http.port, xds.port]);
  assert.deepEqual(listeners.map(({ port }) => port), [10000]);
  const namespaces = (await readObjects("namespaces.yaml")).map(({ metadata: { name } }) => name);
  for (const name of kubernetes?.pods?.namespaces ?? []) assert.ok(namespaces.includes(name), `${name} is made`);
});

testWithEnvoy("Envoy takes its bootstrap, with the name that its pod gives it", async () => {
  const [deployment] = await readObjects("envoy_deployment.yaml");
  const { spec } = deployment as unknown as {
    readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } };
  };
  const [, ...args] = spec.template.spec.containers[0]?.command ?? [];
  const given = args.map((arg) => arg.replace("/etc/envoy/", FOLDER).replace("$(POD_NAME)", "envoy-6c4f"));
  const { success, stderr } = await new Deno.Command(envoyPath, { args: ["--mode", "validate", ...given] }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
});

interface ServicePorts {
  readonly spec: { readonly ports: readonly { readonly port: number }[] };
}

interface Container {
  readonly command: readonly string[];
}
