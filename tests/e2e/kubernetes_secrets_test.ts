import assert from "node:assert/strict";
import { stringify } from "yaml";
import { freePort } from "../../core/dev/free_port.ts";
import { signalboxProgram } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { testWithKubernetes } from "./kubernetes_test_case.ts";
import { createNamespace } from "./kubernetes_namespace.ts";
import { createPluginWorld, type PluginWorld } from "./plugins/plugin_world.ts";

const OPEN = { "open-to": "sessions" };
const secret = (name: string, namespace?: string) => ({
  kubernetesSecret: { name, key: "token", ...(namespace === undefined ? {} : { namespace }) },
});
const says = (value: unknown) => ({
  "auth-headers": { secretHeaders: { authorization: { value, prefix: "Bearer " } } },
});

async function untilSent({ seenByPod }: PluginWorld, authority: string, header: string, value: string): Promise<void> {
  await until(async () => (await seenByPod(authority))[header] === value, { what: `${value} at ${authority}` });
}

testWithKubernetes("a pod gets the token of a Secret, and the next one without a restart", async (server) => {
  await using namespace = await createNamespace(server, { pods: false, secrets: "open-to=sessions" });
  await namespace.putSecret("of-plugins", { token: "plugin-1" });
  await namespace.putSecret("of-s1", { token: "s1-secret-1\n" }, OPEN);
  const config = { open: true, secretHeaders: { "x-edge": { value: secret("of-plugins") } } };
  await using world = await createPluginWorld({
    plugins: [{ name: "auth-headers", config }],
    config: namespace.config,
  });
  const backend = await world.world.addBackend("a");
  await world.live({ id: "s1", backend, plugins: says(secret("of-s1")) });
  await world.live({ id: "s2", backend });
  await untilSent(world, "s1.example.org", "authorization", "Bearer s1-secret-1");
  await untilSent(world, "s2.example.org", "x-edge", "plugin-1");

  await namespace.putSecret("of-s1", { token: "s1-secret-2" }, OPEN);
  await untilSent(world, "s1.example.org", "authorization", "Bearer s1-secret-2");
  await namespace.putSecret("of-plugins", { token: "plugin-2" });
  await untilSent(world, "s2.example.org", "x-edge", "plugin-2");

  // Missed while the API server is away: what is known is served, and sessions come and go.
  namespace.proxy.shut();
  await namespace.putSecret("of-s1", { token: "s1-secret-3" }, OPEN);
  await world.live({ id: "s3", backend, plugins: says(secret("of-s1")) });
  await untilSent(world, "s3.example.org", "authorization", "Bearer s1-secret-2");
  namespace.proxy.open();
  for (const id of ["s1", "s3"]) await untilSent(world, `${id}.example.org`, "authorization", "Bearer s1-secret-3");

  const { body } = await world.world.api.request("GET", "/xds/tasks/s1/explain");
  const shown = JSON.stringify([body, world.world.signalbox.records]);
  for (const text of ["plugin-1", "plugin-2", "s1-secret"]) assert.ok(!shown.includes(text), `${text} is shown`);
});

testWithKubernetes(
  "a session reads no Secret that is not open to sessions, and is served when one comes",
  async (server) => {
    await using namespace = await createNamespace(server, { pods: false, secrets: "open-to=sessions" });
    await namespace.putSecret("closed", { token: "t" });
    await using world = await createPluginWorld({
      plugins: [{ name: "auth-headers", config: { open: true } }],
      config: namespace.config,
    });
    const backend = await world.world.addBackend("a");
    const refused = (value: unknown) => world.refused({ id: "s1", backend, plugins: says(value) });
    assert.match(await refused(secret("closed")), /Secret \\"[^"]*\/closed\\": there is no such Secret/);
    assert.match(await refused(secret("closed", "kube-system")), /must be a Secret in namespace signalbox-test-/);
    const late = /there is no such Secret/;
    assert.match(await refused(secret("late")), late);
    await namespace.putSecret("late", { other: "1" }, OPEN);
    await until(async () => /it has no such key/.test(await refused(secret("late"))), { what: "the Secret" });
    await namespace.putSecret("late", { token: "here" }, OPEN);
    await until(async () => {
      const { address, port } = backend;
      const registration = { id: "s1", address, port, plugins: says(secret("late")) };
      return (await world.world.api.request("POST", "/xds/tasks?wait=live", registration)).status < 300;
    }, { what: "the key" });
    await untilSent(world, "s1.example.org", "authorization", "Bearer here");

    // Closed again: no other session gets it, and the one that has it goes on.
    await namespace.putSecret("late", { token: "here" });
    const { records } = world.world.signalbox;
    await until(() => records.some(({ message }) => message.startsWith("A secret is gone")), { what: "its end" });
    assert.match(await world.refused({ id: "s2", backend, plugins: says(secret("late")) }), late);
    await untilSent(world, "s1.example.org", "authorization", "Bearer here");
  },
);

testWithKubernetes("nothing starts before Secrets are read, and probes are answered meanwhile", async (server) => {
  await using namespace = await createNamespace(server, { pods: false, secrets: "open-to=sessions" });
  await namespace.putSecret("of-plugins", { token: "t" });
  namespace.proxy.shut();
  const http = { address: "127.0.0.1", port: freePort() };
  const configPath = await Deno.makeTempFile({ suffix: ".yaml" });
  const config = { secretHeaders: { "x-edge": { value: secret("of-plugins") } } };
  const others = { xds: { port: 0 }, grpc: { enabled: false }, store: { kind: "memory" } };
  const plugins = [{ name: "auth-headers", config }];
  await Deno.writeTextFile(
    configPath,
    stringify({ domain: "example.org", http, plugins, ...others, ...namespace.config }),
  );
  const [file = "", ...args] = [...signalboxProgram(), "serve", "--config", configPath];
  const get = async (path: string) => {
    const answer = await fetch(`http://127.0.0.1:${http.port}${path}`);
    return `${answer.status} ${await answer.text()}`;
  };
  /** Until it is told to end, which it does in order. */
  async function serve(whileItRuns: () => Promise<void>): Promise<void> {
    const child = new Deno.Command(file, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
    try {
      await until(async () => (await get("/readyz")).includes("cannot follow secrets in namespace"), {
        timeoutMs: 30_000,
        what: "the start",
      });
      await whileItRuns();
    } finally {
      child.kill("SIGTERM");
      assert.equal((await child.status).code, 0);
    }
  }
  try {
    await serve(async () => {
      assert.match(await get("/healthz"), /^200 /);
      assert.match(await get("/xds/tasks"), /^503 .*Signalbox is starting/);
    });
    await serve(async () => {
      namespace.proxy.open();
      await until(async () => await get("/readyz") === "200 ok\n", { timeoutMs: 30_000, what: "the end of the start" });
      assert.match(await get("/xds/tasks"), /^200 /);
    });
  } finally {
    await Deno.remove(configPath);
  }
}, { envoy: false });
