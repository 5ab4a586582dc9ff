import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { stringify } from "yaml";
import { createTestAuthority } from "../../core/access/testdata/test_authority.ts";
import { createEchoBackend, type EchoBackend } from "../../core/dev/echo_backend.ts";
import { createEchoClient } from "../../core/dev/echo_client.ts";
import { type EnvoyProcess, startEnvoy } from "../../core/dev/envoy_process.ts";
import { freePort } from "../../core/dev/free_port.ts";
import { type SignalboxProcess, startSignalbox } from "../../core/dev/signalbox_process.ts";
import { runSignalbox } from "../../core/dev/signalbox_program.ts";
import { until } from "../../core/dev/until.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { startLoad } from "./load.ts";

/** Signalbox with TLS everywhere, two groups that prove who they are, and what its clients need to get in. */
async function createSecureWorld({ httpNames = ["cn:pod-manager"] } = {}) {
  await using guard = new AsyncDisposableStack();
  const stack = guard.use(new AsyncDisposableStack());
  const folder = await Deno.makeTempDir({ prefix: "signalbox-access-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const path = (name: string) => join(folder, name);
  const authority = await createTestAuthority();
  const write = async (name: string, { cert, key }: { readonly cert: string; readonly key: string }) => {
    await Deno.writeTextFile(path(`${name}.key`), key);
    await Deno.writeTextFile(path(`${name}.crt`), cert);
  };
  await Deno.writeTextFile(path("ca.crt"), authority.ca);
  await write("server", await authority.issue());
  await write("ingress", await authority.issue({ dns: ["*.example.org"] }));
  await write("pods", await authority.issue({ cn: "pod-manager" }));
  await write("eu", await authority.issue({ cn: "edge-eu" }));
  const token = async (name: string) =>
    JSON.parse(await runSignalbox(["token", "new", name, "--json"])) as { token: string; sha256: string };
  const [us, pods] = [await token("us"), await token("pods")];
  await Deno.writeTextFile(path("tokens.yaml"), stringify([{ name: "pods", sha256: pods.sha256 }]));

  const tls = { cert: "server.crt", key: "server.key", clientCa: "ca.crt" };
  const configPath = path("signalbox.yaml");
  const listener = { address: "127.0.0.1", port: 0, tls: { cert: "ingress.crt", key: "ingress.key" } };
  await Deno.writeTextFile(
    configPath,
    stringify({
      domain: "example.org",
      http: { port: freePort(), tls: { ...tls, clientNames: httpNames }, tokensFile: "tokens.yaml" },
      xds: { port: freePort(), tls, tokens: [{ name: "us", sha256: us.sha256 }] },
      grpc: { port: 0, tls: { cert: "server.crt", key: "server.key" }, tokensFile: "tokens.yaml" },
      store: { kind: "memory" },
      listeners: [{ name: "ingress", ...listener }],
      groups: [
        { name: "eu", match: { ids: ["eu-*"], identities: ["cn:edge-eu"] } },
        { name: "us", match: { ids: ["us-*"], identities: ["token:us"] } },
      ],
      log: { level: "debug", format: "json" },
    }),
  );
  const signalbox = await startSignalbox({ configPath });
  stack.defer(() => signalbox.stop());
  const files = { ca: path("ca.crt"), cert: path("eu.crt"), key: path("eu.key") };

  async function addEnvoy(name: string, proof: readonly string[]): Promise<EnvoyProcess> {
    const bootstrap = await runSignalbox(
      ["bootstrap", "--config", configPath, "--node-id", name, "--ca", files.ca, ...proof],
    );
    const envoy = await startEnvoy({ path: envoyPath, bootstrap, folder, name });
    stack.defer(() => envoy.stop());
    return envoy;
  }

  const world = {
    folder,
    path,
    authority,
    write,
    signalbox,
    pods: pods.token,
    certificate: ["--cert", files.cert, "--key", files.key],
    token: ["--token", us.token],
    addEnvoy,
    async addBackend(name: string): Promise<EchoBackend> {
      const backend = await createEchoBackend({ name, address: "127.0.0.11" });
      stack.defer(() => backend.kill());
      return backend;
    },
    sessions: (command: readonly string[], proof = ["--token", pods.token]) =>
      runSignalbox(["sessions", ...command, "--url", signalbox.httpUrl, "--ca", files.ca, ...proof]),
    async client(envoy: EnvoyProcess, host: string) {
      const address = `127.0.0.1:${await envoy.listenerPort("ingress")}`;
      const client = createEchoClient({ address, authority: host, ca: authority.ca });
      stack.defer(() => client.close());
      return client;
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  };
  const disposal = guard.move();
  return world;
}

const saidOf = ({ records }: SignalboxProcess) => JSON.stringify(records);

testWithEnvoy("who proves to be somebody gets in, and gets what is his", async () => {
  await using world = await createSecureWorld();
  const { signalbox, sessions } = world;
  const { address, port } = await world.addBackend("a");
  const backend = `${address}:${port}`;
  await sessions(["add", "s1", backend]);
  const pods = ["--cert", world.path("pods.crt"), "--key", world.path("pods.key")];
  assert.match(await sessions(["list"], pods), /^s1 /m);
  for (const proof of [[], world.certificate]) {
    await assert.rejects(sessions(["list"], proof), /a bearer token or a client's certificate is needed/);
  }
  await assert.rejects(sessions(["list"], ["--token", "sbx_wrong"]), /the bearer token is not known/);

  const eu = await world.addEnvoy("eu-1", world.certificate);
  const us = await world.addEnvoy("us-1", world.token);
  for (const envoy of [eu, us]) {
    const client = await world.client(envoy, "s1.example.org");
    await until(async () => (await client.say({ text: "hello" })).ok, { what: "an answer" });
  }

  // What an Envoy says of itself gets it nowhere, and neither does another's proof.
  const refused = [await world.addEnvoy("eu-2", []), await world.addEnvoy("eu-3", world.token)];
  for (const envoy of refused) {
    await until(async () => (await envoy.stat("cluster_manager.cds.update_failure") ?? 0) > 1, {
      what: "its refusals",
    });
    assert.equal(await envoy.stat("listener_manager.listener_added"), 0);
    assert.equal(await envoy.stat("cluster_manager.cds.update_success"), 0);
  }
  // Nobody's token is in the log, the wrong one neither.
  for (const secret of [...world.token.slice(1), world.pods, "sbx_wrong"]) {
    assert.ok(!saidOf(signalbox).includes(secret));
  }
});

testWithEnvoy("an Envoy that polls gets in by its certificate, and nobody else gets anything", async () => {
  await using world = await createSecureWorld({ httpNames: ["cn:pod-manager", "cn:edge-eu"] });
  const { address, port } = await world.addBackend("a");
  await world.sessions(["add", "s1", `${address}:${port}`]);
  const rest = ["--mode", "rest"];
  const eu = await world.addEnvoy("eu-1", [...rest, ...world.certificate]);
  const client = await world.client(eu, "s1.example.org");
  await until(async () => (await client.say({ text: "hello" })).ok, { what: "an answer" });

  const stranger = await world.addEnvoy("eu-2", rest);
  await until(async () => (await stranger.stat("cluster_manager.cds.update_failure") ?? 0) > 1, {
    what: "its refusals",
  });
  assert.equal(await stranger.stat("listener_manager.listener_added"), 0);
  assert.equal(await stranger.stat("cluster_manager.cds.update_success"), 0);

  using http = Deno.createHttpClient({ caCerts: [world.authority.ca] });
  const ask = async (path: string, authorization?: string) => {
    const response = await fetch(world.signalbox.httpUrl + path, {
      client: http,
      method: "POST",
      headers: { "content-type": "application/json", ...(authorization !== undefined && { authorization }) },
      body: JSON.stringify({ node: { id: "eu-1", cluster: "signalbox" }, resource_names: ["listener:ingress"] }),
    });
    return [response.status, JSON.parse(await response.text()).code];
  };
  const words = ["listeners", "routes", "scoped-routes", "clusters", "endpoints", "secrets"];
  for (
    const path of [...words.map((word) => `/v3/discovery:${word}`), "/v2/discovery:clusters", "/v2/discovery:routes"]
  ) {
    assert.deepEqual(await ask(path), [401, "unauthenticated"], path);
    assert.deepEqual(await ask(path, "Bearer sbx_wrong"), [401, "unauthenticated"], path);
    // Who may use the API is not who he says that he is: the group wants Envoy's own certificate.
    assert.deepEqual(await ask(path, `Bearer ${world.pods}`), [403, "forbidden"], path);
  }
});

testWithEnvoy("the API answers nobody who proves nothing, but for probes", async () => {
  await using world = await createSecureWorld();
  const { httpUrl } = world.signalbox;
  using client = Deno.createHttpClient({ caCerts: [world.authority.ca] });
  const statusOf = async (path: string, authorization?: string) => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(httpUrl + path, { client, headers });
    await response.body?.cancel();
    return response.status;
  };
  for (const path of ["/healthz", "/readyz"]) assert.equal(await statusOf(path), 200, path);
  for (const path of ["/metrics", "/xds/tasks", "/openapi.json", "/generations/0", `/xds/tasks?token=${world.pods}`]) {
    assert.equal(await statusOf(path), 401, path);
    assert.equal(await statusOf(path, "Bearer sbx_wrong"), 401, path);
  }
  assert.equal(await statusOf("/metrics", `Bearer ${world.pods}`), 200);
  assert.equal(await checkHealth(world), status.UNAUTHENTICATED);
  assert.equal(await checkHealth(world, world.pods), status.OK);
  assert.equal(await runSignalbox(["health", "--config", world.path("signalbox.yaml")]), "ready\n");

  // A token that is taken away is taken away.
  await Deno.writeTextFile(world.path("tokens.yaml"), "[]\n");
  await until(async () => await statusOf("/metrics", `Bearer ${world.pods}`) === 401, { what: "the end of the token" });
});

/** The status of a call to the gRPC API. */
async function checkHealth(
  { signalbox, authority }: { readonly signalbox: SignalboxProcess; readonly authority: { readonly ca: string } },
  token?: string,
): Promise<status> {
  const client = new Client(`127.0.0.1:${signalbox.grpcPort}`, credentials.createSsl(Buffer.from(authority.ca)), {
    "grpc.ssl_target_name_override": "localhost",
  });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  const bytes = (value: Buffer) => value;
  try {
    return await new Promise((resolve) =>
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        bytes,
        bytes,
        Buffer.from(""),
        metadata,
        {},
        (error) => resolve(error ? error.code : status.OK),
      )
    );
  } finally {
    client.close();
  }
}

/** As Envoy prints a serial number. */
const withoutZeros = (serial: string) => serial.toLowerCase().replace(/^0+/, "");

testWithEnvoy("certificates are renewed under load: no call fails, no stream ends, Envoy stays connected", async () => {
  await using world = await createSecureWorld();
  const { address, port } = await world.addBackend("a");
  await world.sessions(["add", "s1", `${address}:${port}`]);
  const envoy = await world.addEnvoy("eu-1", world.certificate);
  const client = await world.client(envoy, "s1.example.org");
  await until(async () => (await client.say({ text: "hello" })).ok, { what: "an answer" });
  const chat = client.chat();
  await chat.send("before");
  await using load = startLoad([client, await world.client(envoy, "s1.example.org")]);
  await load.moreCalls(20);
  const connections = await envoy.stat("cluster.signalbox_xds.upstream_cx_total");

  await world.write("ingress", await world.authority.issue({ dns: ["*.example.org"] }));
  await world.write("server", await world.authority.issue());
  const { serialNumber } = new X509Certificate(await Deno.readTextFile(world.path("ingress.crt")));
  await until(async () => (await envoy.admin("/certs")).includes(withoutZeros(serialNumber)), {
    what: "the new certificate in Envoy",
  });
  for (const what of ["xds certificate", "http certificate"]) {
    await until(() => world.signalbox.records.some(({ fields }) => fields.what === what), { what: `the new ${what}` });
  }
  await load.moreCalls(20);

  await world.sessions(["add", "s2", `${address}:${port}`]);
  const second = await world.client(envoy, "s2.example.org");
  await until(async () => (await second.say({ text: "hello" })).ok, { what: "an answer of the next session" });
  assert.equal((await chat.send("after")).text, "after");
  assert.ok((await chat.end()).ok);
  assert.deepEqual((await load.stop()).failures, []);
  assert.equal(await envoy.stat("cluster.signalbox_xds.upstream_cx_total"), connections);
});
