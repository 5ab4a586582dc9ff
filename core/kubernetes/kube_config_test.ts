import assert from "node:assert/strict";
import { stringify } from "yaml";
import { readKubeConfig } from "./kube_config.ts";

/** A kubeconfig's file, with some parts changed. */
async function withKubeconfig(
  { cluster = {}, user = { token: "t" }, context = {} }: {
    readonly cluster?: object;
    readonly user?: object;
    readonly context?: object;
  },
  run: (kubeconfig: string) => Promise<void>,
): Promise<void> {
  const kubeconfig = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      kubeconfig,
      stringify({
        clusters: [{ name: "c", cluster: { server: "https://127.0.0.1:6443/", ...cluster } }],
        users: [{ name: "u", user }],
        contexts: [
          { name: "x", context: { cluster: "c", user: "u", ...context } },
          { name: "other", context: { cluster: "none", user: "u" } },
        ],
        "current-context": "x",
      }),
    );
    await run(kubeconfig);
  } finally {
    await Deno.remove(kubeconfig);
  }
}

Deno.test("readKubeConfig() tells where the server is and whom to be", async () => {
  const data = (text: string) => btoa(text);
  const cluster = { "certificate-authority-data": data("CA") };
  const user = { "client-certificate-data": data("CERT"), "client-key-data": data("KEY"), token: "secret" };
  await withKubeconfig({ cluster, user, context: { namespace: "mine" } }, async (kubeconfig) => {
    const access = await readKubeConfig({ kubeconfig });
    assert.equal(access.server, "https://127.0.0.1:6443");
    assert.equal(access.namespace, "mine");
    assert.deepEqual(await access.credentials(), {
      headers: { Authorization: "Bearer secret" },
      ca: "CA",
      cert: "CERT",
      key: "KEY",
    });
  });
  await withKubeconfig({}, async (kubeconfig) => {
    assert.equal((await readKubeConfig({ kubeconfig })).namespace, "default");
  });
});

Deno.test("readKubeConfig() says why a kubeconfig cannot be used", async () => {
  const cases: readonly [Parameters<typeof withKubeconfig>[0], RegExp][] = [
    [{ cluster: { "insecure-skip-tls-verify": true } }, /insecure-skip-tls-verify is not supported/],
    [{ cluster: { "tls-server-name": "x" } }, /tls-server-name is not supported/],
    [{ cluster: { "proxy-url": "http://127.0.0.1:1" } }, /proxy-url is not supported/],
  ];
  for (const [parts, message] of cases) {
    await withKubeconfig(parts, (kubeconfig) => assert.rejects(readKubeConfig({ kubeconfig }), { message }));
  }
  await withKubeconfig({}, async (kubeconfig) => {
    await assert.rejects(readKubeConfig({ kubeconfig, context: "none" }), /it has no context "none" with a cluster/);
    await assert.rejects(readKubeConfig({ kubeconfig, context: "other" }), /it has no context "other" with a cluster/);
  });
  await assert.rejects(readKubeConfig({ kubeconfig: "/nowhere/at/all" }), /ENOENT|No such file/);
});
