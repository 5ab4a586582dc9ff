import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { connect } from "node:tls";
import type { Fragment } from "../../core/cache/fragment.ts";
import { createDevCertificate, type DevCertificate } from "../../core/dev/certificate.ts";
import { until } from "../../core/dev/until.ts";
import type { Hooks } from "../../core/plugin/hooks.ts";
import { encodeMessage } from "../../core/proto/codec.ts";
import type { Message } from "../../core/proto/message_types.ts";
import { createBareWorld } from "./bare_world.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";

const ADS = { ads: {}, resourceApiVersion: "V3" } as const;

const TLS: Message<"envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"> = {
  commonTlsContext: {
    alpnProtocols: ["h2"],
    customTlsCertificateSelector: {
      name: "on-demand",
      typedConfig: {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_selectors.on_demand_secret.v3.Config",
        configSource: ADS,
        certificateMapper: {
          name: "sni",
          typedConfig: {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.cert_mappers.sni.v3.SNI",
            defaultValue: "no-server-name",
          },
        },
      },
    },
  },
  // A resumed session would go on with another certificate than the host has now.
  disableStatelessSessionResumption: true,
  disableStatefulSessionResumption: true,
};

/** A certificate by the server name, asked for when it is first needed. */
const hooks: Hooks = {
  listener: (listener) => ({
    ...listener,
    filterChains: (listener.filterChains ?? []).map((chain) => ({
      ...chain,
      transportSocket: {
        name: "tls",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
          ...TLS,
        },
      },
    })),
  }),
};

/** A session that has nothing but its certificate: the handshake is all that these tests look at. */
function fragment(host: string, { cert, key }: DevCertificate): Fragment {
  const body = encodeMessage("envoy.extensions.transport_sockets.tls.v3.Secret", {
    name: host,
    tlsCertificate: { certificateChain: { inlineString: cert }, privateKey: { inlineString: key } },
  });
  return { sessionId: host, clusters: [], virtualHosts: [], secrets: [{ name: host, body }] };
}

/** The certificate that a server has for a name, checked against its authority, or how the handshake failed. */
function handshake(address: string, servername: string, { ca }: DevCertificate): Promise<string> {
  const [host, port] = address.split(":");
  return new Promise((resolve) => {
    // Well below the 15 s that Envoy waits for what it asks for.
    const socket = connect({ host, port: Number(port), servername, ca, ALPNProtocols: ["h2"], timeout: 8000 });
    const end = (outcome: string) => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once("secureConnect", () => end(socket.getPeerX509Certificate()?.serialNumber ?? "no certificate"));
    socket.once("error", () => end("failed"));
    socket.once("close", () => end("failed"));
    socket.once("timeout", () => end("no answer"));
  });
}

testWithEnvoy("each host has its own certificate on one port, asked for by its server name", async () => {
  await using world = await createBareWorld({ layout: { routes: "scoped", clusters: "push" }, mode: "delta", hooks });
  const now = new Date();
  const of = (host: string) => createDevCertificate(host, { now });
  const [s1, s2, renewed] = [await of("s1.example.org"), await of("s2.example.org"), await of("s1.example.org")];
  const serialOf = ({ cert }: DevCertificate) => new X509Certificate(cert).serialNumber;
  const seen = (host: string, certificate: DevCertificate) => handshake(world.ingress, host, certificate);
  world.put("s1.example.org", fragment("s1.example.org", s1));

  assert.equal(await seen("s1.example.org", s1), serialOf(s1));
  // Answered at once, again and again, and it holds up nobody.
  const unknown = Array.from({ length: 10 }, (_, index) => seen(`unknown-${index}.example.org`, s1));
  assert.deepEqual(await Promise.all(unknown), unknown.map(() => "failed"));
  assert.equal(await seen("s2.example.org", s2), "failed");
  assert.equal(await seen("s2.example.org", s2), "failed");

  // It comes into being after it was asked for.
  world.put("s2.example.org", fragment("s2.example.org", s2));
  await until(async () => await seen("s2.example.org", s2) === serialOf(s2), { what: "the late certificate" });
  assert.equal(await seen("s1.example.org", s1), serialOf(s1));

  // It is renewed.
  world.put("s1.example.org", fragment("s1.example.org", renewed));
  await until(async () => await seen("s1.example.org", renewed) === serialOf(renewed), { what: "the new certificate" });

  // It goes.
  world.put("s1.example.org", undefined);
  await until(async () => await seen("s1.example.org", renewed) === "failed", { what: "the certificate's end" });
  assert.equal(await seen("s2.example.org", s2), serialOf(s2));
  assert.deepEqual(world.nacks, []);
});
