import assert from "node:assert/strict";
import { SAMPLE_SECRET, testPlugin } from "../../core/author/test_plugin.ts";
import type { Message } from "../../core/plugin/plugin.ts";
import { askForCertificates } from "./listener_tls.ts";
import plugin from "./plugin.ts";

const CERTIFICATE = { cert: { file: "a.crt" }, key: { file: "a.key" } };
const CA = { file: "ca.pem" };

/** The TLS to the pods of the only cluster. */
function tlsOf({ clusters: [cluster] }: { readonly clusters: readonly Message<"envoy.config.cluster.v3.Cluster">[] }) {
  const tls = cluster?.transportSocket?.typedConfig;
  assert.ok(tls?.["@type"] === "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext");
  assert.ok(!("value" in tls));
  return tls;
}

Deno.test("tls-sni leaves sessions and listeners as they are when nobody asks for TLS", async () => {
  using tested = await testPlugin(plugin);
  const { clusters, secrets } = tested.build();
  assert.deepEqual([clusters[0]?.transportSocket, secrets], [undefined, []]);
});

Deno.test("tls-sni asks a pod for its host, and has its certificate checked for that name", async () => {
  using tested = await testPlugin(plugin);
  const built = tested.build({ input: { pod: { ca: CA } } });
  const { sni, commonTlsContext } = tlsOf(built);
  assert.equal(sni, "session-1.example.org");
  const { defaultValidationContext, validationContextSdsSecretConfig } = commonTlsContext?.combinedValidationContext ??
    {};
  assert.deepEqual(defaultValidationContext?.matchTypedSubjectAltNames, [
    { sanType: "DNS", matcher: { exact: "session-1.example.org" } },
  ]);
  assert.equal(validationContextSdsSecretConfig?.name, "session-1/tested/ca");
  assert.deepEqual(built.secrets, [
    { name: "session-1/tested/ca", validationContext: { trustedCa: { inlineString: SAMPLE_SECRET } } },
  ]);
});

Deno.test("tls-sni takes what the session says of its pod before what the operator says of all, one by one", async () => {
  using tested = await testPlugin(plugin, {
    config: { pod: { sni: "pods.internal", ca: CA, certificate: CERTIFICATE } },
  });
  const built = tested.build({ input: { pod: { names: ["spiffe://example.org/a", "10.0.0.1", "fd00::1", "a.b"] } } });
  const { sni, commonTlsContext } = tlsOf(built);
  assert.equal(sni, "pods.internal");
  assert.deepEqual(
    commonTlsContext?.combinedValidationContext?.defaultValidationContext?.matchTypedSubjectAltNames
      ?.map(({ sanType }) => sanType),
    ["URI", "IP_ADDRESS", "IP_ADDRESS", "DNS"],
  );
  assert.deepEqual(built.secrets.map(({ name }) => name), ["session-1/tested/ca", "session-1/tested/client"]);
  assert.doesNotMatch(JSON.stringify(built.clusters), new RegExp(SAMPLE_SECRET));
  assert.deepEqual(tlsOf(tested.build()).sni, "pods.internal");
});

Deno.test("tls-sni refuses TLS that nobody would check, and certificates that no client would see", async () => {
  using tested = await testPlugin(plugin, { name: "tls" });
  assert.match(tested.failures({ input: { pod: {} } })[0]?.message ?? "", /^pod.ca: is required/);
  assert.match(tested.failures({ input: { certificate: CERTIFICATE } })[0]?.message ?? "", /has not configured/);
  const paths = tested.failures({ plugins: { tls: { pod: { sni: "A b", ca: "-----BEGIN" } } } }).map(({ path }) =>
    path
  );
  assert.deepEqual(paths, ["plugins.tls.pod.sni", "plugins.tls.pod.ca"]);
});

Deno.test("tls-sni gives a session's certificate to each of its hosts that the listener's is not for", async () => {
  using tested = await testPlugin(plugin, {
    config: { certificates: { listenerNames: ["*.example.org", "example.net"] } },
  });
  const names = (host: string, ...aliases: readonly string[]) =>
    tested.build({ host, aliases, input: { certificate: CERTIFICATE } }).secrets.map(({ name }) => name);
  assert.deepEqual(names("a.example.org", "a.example.net", "example.net"), ["a.example.net"]);
  assert.deepEqual(names("example.org", "aexample.org"), ["example.org", "aexample.org"]);
  const [failure] = tested.failures({ host: "a.b.example.org", input: { certificate: CERTIFICATE } });
  assert.match(failure?.message ?? "", /all hosts of the session have the listener's/);
});

Deno.test("askForCertificates() parts a listener with TLS by its names, and leaves one without alone", () => {
  const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext";
  const commonTlsContext = { alpnProtocols: ["h2"], tlsCertificateSdsSecretConfigs: [{ name: "listener:ingress" }] };
  const own = { name: "tls", typedConfig: { "@type": type, commonTlsContext } } as const;
  const listener = { name: "ingress", filterChains: [{ transportSocket: own }] };
  const parted = askForCertificates(listener, { listenerNames: ["*.example.org"] });
  assert.deepEqual(parted.listenerFilters?.map(({ name }) => name), ["tls-inspector"]);
  const [first, second, ...more] = parted.filterChains ?? [];
  assert.deepEqual([first?.filterChainMatch?.serverNames, first?.transportSocket], [["*.example.org"], own]);
  assert.deepEqual([second?.filterChainMatch, more], [undefined, []]);
  const context = second?.transportSocket?.typedConfig;
  assert.ok(context?.["@type"] === type && !("value" in context));
  assert.equal(context.commonTlsContext?.tlsCertificateSdsSecretConfigs, undefined);
  assert.deepEqual(context.commonTlsContext?.alpnProtocols, ["h2"]);
  assert.ok(context.disableStatefulSessionResumption && context.disableStatelessSessionResumption);

  assert.equal(askForCertificates(listener, { listenerNames: [] }).filterChains?.length, 1);
  const cleartext = { name: "ingress", filterChains: [{}] };
  assert.equal(askForCertificates(cleartext, { listenerNames: ["*.example.org"] }), cleartext);
});
