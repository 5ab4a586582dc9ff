import assert from "node:assert/strict";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "./kubernetes_manifests.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

/** What `install --dry-run` prints for a config. */
function printed(config: string): Promise<readonly Manifest[]> {
  let manifests: readonly Manifest[] = [];
  return withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, config);
    const { code, out, err } = await runCommand(["install", "-c", file, "-n", "control", "--dry-run"]);
    assert.deepEqual([code, err], [0, ""]);
    manifests = parseAllDocuments(out).map((document) => document.toJS());
  }).then(() => manifests);
}

const names = (manifests: readonly Manifest[]) =>
  manifests.map(({ kind, metadata: { namespace = "", name } }) => `${kind} ${namespace}/${name}`);

Deno.test("install --dry-run prints the account, and rights in each namespace that has pods", async () => {
  const manifests = await printed("{domain: a, kubernetes: {pods: {namespaces: [a, b]}}}");
  assert.deepEqual(names(manifests), [
    "ServiceAccount control/signalbox",
    "CustomResourceDefinition /replicas.signalbox.dev",
    "Role control/signalbox-replicas",
    "RoleBinding control/signalbox-replicas",
    "Role a/signalbox-pods",
    "RoleBinding a/signalbox-pods",
    "Role b/signalbox-pods",
    "RoleBinding b/signalbox-pods",
  ]);
  for (const { kind, subjects } of manifests) {
    if (kind !== "RoleBinding") continue;
    assert.deepEqual(subjects, [{ kind: "ServiceAccount", name: "signalbox", namespace: "control" }]);
  }
});

Deno.test("install --dry-run prints rights in the whole cluster when all namespaces have pods, and none when none has", async () => {
  assert.deepEqual(names(await printed('{domain: a, kubernetes: {pods: {namespaces: ["*"]}}}')), [
    "ServiceAccount control/signalbox",
    "CustomResourceDefinition /replicas.signalbox.dev",
    "Role control/signalbox-replicas",
    "RoleBinding control/signalbox-replicas",
    "ClusterRole /signalbox-pods",
    "ClusterRoleBinding /signalbox-pods",
  ]);
  assert.deepEqual(names(await printed("{domain: a, kubernetes: {pods: {}}}")), [
    "ServiceAccount control/signalbox",
    "CustomResourceDefinition /replicas.signalbox.dev",
    "Role control/signalbox-replicas",
    "RoleBinding control/signalbox-replicas",
    "Role control/signalbox-pods",
    "RoleBinding control/signalbox-pods",
  ]);
  assert.deepEqual(names(await printed("{domain: a, kubernetes: {services: {namespaces: [a]}}}")), [
    "ServiceAccount control/signalbox",
    "Role a/signalbox-services",
    "RoleBinding a/signalbox-services",
  ]);
  const endpoints = await printed("{domain: a, kubernetes: {endpoints: {namespaces: [a]}}}");
  assert.deepEqual(names(endpoints), [
    "ServiceAccount control/signalbox",
    "Role a/signalbox-endpoints",
    "RoleBinding a/signalbox-endpoints",
  ]);
  assert.deepEqual(endpoints[1]?.rules, [
    { apiGroups: [""], resources: ["services"], verbs: ["list", "watch"] },
    { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
  ]);
  assert.deepEqual(names(await printed("domain: a")), ["ServiceAccount control/signalbox"]);
});

Deno.test("install --dry-run prints what a Session is, and the rights to it, where the cluster is the store", async () => {
  const manifests = await printed("{domain: a, store: {kind: kubernetes, namespace: b}, kubernetes: {pods: {}}}");
  assert.deepEqual(names(manifests), [
    "ServiceAccount control/signalbox",
    "CustomResourceDefinition /replicas.signalbox.dev",
    "Role b/signalbox-replicas",
    "RoleBinding b/signalbox-replicas",
    "CustomResourceDefinition /sessions.signalbox.dev",
    "Role b/signalbox-store",
    "RoleBinding b/signalbox-store",
    "Role control/signalbox-pods",
    "RoleBinding control/signalbox-pods",
  ]);
  assert.deepEqual(names(await printed("{domain: a, store: {kind: kubernetes}}")).slice(5, 6), [
    "Role control/signalbox-store",
  ]);
});

Deno.test("install --dry-run prints rights to Secrets in the namespaces that are configured, and in no others", async () => {
  const manifests = await printed(
    "{domain: a, kubernetes: {secrets: {namespaces: [a, b]}}, sessionSecrets: {kubernetes: {namespace: open}}}",
  );
  assert.deepEqual(names(manifests), [
    "ServiceAccount control/signalbox",
    "Role a/signalbox-secrets",
    "RoleBinding a/signalbox-secrets",
    "Role b/signalbox-secrets",
    "RoleBinding b/signalbox-secrets",
    "Role open/signalbox-session-secrets",
    "RoleBinding open/signalbox-session-secrets",
  ]);
  for (const { kind, rules } of manifests) {
    if (kind !== "Role") continue;
    assert.deepEqual(rules, [{ apiGroups: [""], resources: ["secrets"], verbs: ["list", "watch"] }]);
  }
});

Deno.test("install exits with 1 when the kubeconfig cannot be used", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "{domain: a, kubernetes: {kubeconfig: nowhere}}");
    const { code, err } = await runCommand(["install", "-c", file]);
    assert.equal(code, 1);
    assert.match(err, /kubernetes\.kubeconfig: there is no such file/);
  }));

Deno.test("install says what the cluster has against it", () =>
  withFolder(async (folder) => {
    const status = { kind: "Status", code: 404, reason: "NotFound", message: 'namespaces "control" not found' };
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => Response.json(status, { status: 404 }),
    );
    const kubeconfig = {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "c",
      contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
      clusters: [{
        name: "c",
        cluster: { server: `http://127.0.0.1:${server.addr.port}`, "insecure-skip-tls-verify": true },
      }],
      users: [{ name: "u", user: { token: "t" } }],
    };
    await Deno.writeTextFile(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "{domain: a, kubernetes: {kubeconfig: kubeconfig, pods: {}}}");
    assert.deepEqual(await runCommand(["install", "-c", file, "-n", "control"]), {
      code: 1,
      out: "",
      err: 'error: Cannot install ServiceAccount control/signalbox: namespaces "control" not found\n',
    });
  }));
