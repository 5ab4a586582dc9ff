import assert from "node:assert/strict";
import { stringify } from "yaml";
import { join } from "node:path";
import { createDevCertificate, type DevCertificate } from "./certificate.ts";
import { createEchoBackend } from "./echo_backend.ts";
import { createEchoClient } from "./echo_client.ts";
import { findEnvoy } from "./envoy_binary.ts";
import { startEnvoy } from "./envoy_process.ts";

const envoy = await findEnvoy();
if (envoy.kind === "missing") {
  if (Deno.env.get("CI")) throw new Error(envoy.reason);
  // deno-lint-ignore no-console
  console.warn(envoy.reason);
}
const path = envoy.kind === "found" ? envoy.path : "";
const test = (name: string, run: (folder: string) => Promise<void>) =>
  Deno.test({
    name,
    ignore: envoy.kind === "missing",
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "signalbox-envoy-" });
      try {
        await run(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

test("startEnvoy() runs a bootstrap that carries gRPC over TLS, trailers included", async (folder) => {
  const certificate = await createDevCertificate("example.org", { now: new Date() });
  const backend = await createEchoBackend({ name: "pod-a", address: "127.0.0.11" });
  try {
    const bootstrap = await staticBootstrap(folder, certificate, backend);
    await using envoy = await startEnvoy({ path, bootstrap, folder, waitFor: "ready" });
    const port = await envoy.listenerPort("ingress");
    const target = { address: `127.0.0.1:${port}`, ca: certificate.ca };
    using client = createEchoClient({ ...target, authority: "s1.example.org" });
    const said = await client.say({ text: "hello" });
    assert.ok(said.ok, JSON.stringify(said));
    assert.equal(said.reply.authority, "s1.example.org");
    assert.equal(said.trailers["x-backend"], "pod-a");
    const failed = await client.say({ text: "", fail: { code: 9, message: "no" } });
    assert.equal(failed.ok ? "OK" : failed.codeName, "FAILED_PRECONDITION");
    assert.equal(failed.trailers["x-backend"], "pod-a");
    const counted = await client.count(3);
    assert.ok(counted.ok && counted.reply.length === 3);
    assert.equal(await envoy.stat("http.ingress.downstream_rq_total"), 3);
    assert.equal(await envoy.stat("no.such.stat"), undefined);
    assert.match(JSON.stringify(await envoy.configDump()), /ListenersConfigDump/);

    using unknown = createEchoClient({ ...target, authority: "s2.example.org" });
    const missed = await unknown.say({ text: "" });
    assert.equal(missed.ok ? "OK" : missed.codeName, "UNIMPLEMENTED", "404 in gRPC");
  } finally {
    await backend.kill();
  }
});

test("freeze() holds Envoy still until thaw(), and stop() ends a frozen one", async (folder) => {
  const bootstrap = stringify({ node: { id: "a", cluster: "b" } });
  const envoy = await startEnvoy({ path, bootstrap, folder });
  envoy.freeze();
  const answer = envoy.admin("/ready");
  envoy.thaw();
  assert.match(await answer, /LIVE/);
  envoy.freeze();
  await envoy.stop();
  assert.equal((await envoy.exited).signal, null);
});

test("startEnvoy() runs several at once, and says what is wrong with a bootstrap", async (folder) => {
  const bootstrap = stringify({ node: { id: "a", cluster: "b" } });
  await using first = await startEnvoy({ path, bootstrap, folder, name: "first" });
  await using second = await startEnvoy({ path, bootstrap, folder, name: "second" });
  assert.notEqual(first.adminUrl, second.adminUrl);
  await assert.rejects(startEnvoy({ path, bootstrap: "nonsense: true", folder, name: "third" }), /nonsense/);
});

/** One listener and one cluster, all in the bootstrap. */
async function staticBootstrap(
  folder: string,
  { cert, key }: DevCertificate,
  backend: { readonly address: string; readonly port: number },
): Promise<string> {
  const files = { cert: join(folder, "tls.crt"), key: join(folder, "tls.key") };
  await Deno.writeTextFile(files.cert, cert);
  await Deno.writeTextFile(files.key, key);
  const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
  const manager = {
    "@type": type("filters.network.http_connection_manager.v3.HttpConnectionManager"),
    stat_prefix: "ingress",
    http_filters: [{
      name: "router",
      typed_config: { "@type": type("filters.http.router.v3.Router") },
    }],
    route_config: {
      virtual_hosts: [{
        name: "s1",
        domains: ["s1.example.org"],
        routes: [{ match: { prefix: "/" }, route: { cluster: "s1", timeout: "0s" } }],
      }],
    },
  };
  const tls = {
    "@type": type("transport_sockets.tls.v3.DownstreamTlsContext"),
    common_tls_context: {
      alpn_protocols: ["h2"],
      tls_certificates: [{ certificate_chain: { filename: files.cert }, private_key: { filename: files.key } }],
    },
  };
  const address = (address: string, port_value: number) => ({ socket_address: { address, port_value } });
  const http2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
      "@type": type("upstreams.http.v3.HttpProtocolOptions"),
      explicit_http_config: { http2_protocol_options: {} },
    },
  };
  const endpoint = { endpoint: { address: address(backend.address, backend.port) } };
  return stringify({
    node: { id: "static", cluster: "test" },
    static_resources: {
      listeners: [{
        name: "ingress",
        address: address("127.0.0.1", 0),
        filter_chains: [{
          filters: [{ name: "http", typed_config: manager }],
          transport_socket: { name: "tls", typed_config: tls },
        }],
      }],
      clusters: [{
        name: "s1",
        typed_extension_protocol_options: http2,
        load_assignment: { cluster_name: "s1", endpoints: [{ lb_endpoints: [endpoint] }] },
      }],
    },
  });
}
