import assert from "node:assert/strict";
import { ROUTES, XDS_CLUSTER } from "../../core/cache/names.ts";
import {
  CLUSTER,
  ENDPOINT,
  LISTENER,
  ROUTE,
  SCOPED_ROUTE,
  SECRET,
  type TypeUrl,
} from "../../core/cache/resource_type.ts";
import { createEchoClient, type EchoClient } from "../../core/dev/echo_client.ts";
import { startEnvoy } from "../../core/dev/envoy_process.ts";
import { until } from "../../core/dev/until.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";
import { createWorld, type World } from "./harness.ts";

interface Service {
  readonly word: string;
  readonly typeUrl: TypeUrl;
  /** What is asked for; nothing asks for all. */
  readonly names: readonly string[];
  readonly has: readonly string[];
}

const HOSTS = ["s1.example.org", "s2.example.org"];

const SERVICES: readonly Service[] = [
  { word: "listeners", typeUrl: LISTENER, names: [], has: ["ingress"] },
  { word: "routes", typeUrl: ROUTE, names: [ROUTES], has: [ROUTES] },
  { word: "scoped-routes", typeUrl: SCOPED_ROUTE, names: [], has: HOSTS },
  { word: "clusters", typeUrl: CLUSTER, names: [], has: ["s1", "s2"] },
  { word: "endpoints", typeUrl: ENDPOINT, names: ["s1"], has: ["s1"] },
  { word: "secrets", typeUrl: SECRET, names: ["listener:ingress"], has: ["listener:ingress"] },
];

interface Answer {
  readonly versionInfo: string;
  readonly typeUrl: string;
  readonly resources: readonly { readonly "@type": string; readonly name?: string; readonly clusterName?: string }[];
}

interface PollOptions {
  readonly version?: string;
  /** How long the client waits; it is answered a fifth earlier. */
  readonly waitsMs?: number;
  readonly signal?: AbortSignal | null;
}

/** One poll by a client that knows nothing but HTTP, and asks for nothing else; nothing where it is answered with 304. */
async function poll(
  { signalbox }: World,
  { word, names }: Service,
  { version = "", waitsMs = 100, signal = null }: PollOptions = {},
): Promise<Answer | undefined> {
  const response = await fetch(`${signalbox.httpUrl}/v3/discovery:${word}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-envoy-expected-rq-timeout-ms": String(waitsMs) },
    body: JSON.stringify({ node: { id: word }, resource_names: names, version_info: version }),
    signal,
  });
  const text = await response.text();
  if (response.status === 304) {
    assert.equal(text, "");
    return undefined;
  }
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}

const namesIn = (answer: Answer | undefined) =>
  answer?.resources.map(({ name, clusterName }) => name ?? clusterName).sort();

Deno.test("every service answers a client that knows nothing but HTTP, and has nothing new to say twice", async () => {
  await using world = await createWorld({ envoys: 0 });
  const backend = await world.addBackend("a");
  for (const id of ["s1", "s2"]) await world.api.register({ id, backend });
  const versions = new Map<string, string>();
  for (const service of SERVICES) {
    const answer = await poll(world, service);
    assert.ok(answer, service.word);
    assert.equal(answer.typeUrl, service.typeUrl);
    assert.ok(answer.resources.every((resource) => resource["@type"] === service.typeUrl));
    assert.deepEqual(namesIn(answer), service.has, service.word);
    versions.set(service.word, answer.versionInfo);
  }
  for (const service of SERVICES) {
    const version = versions.get(service.word) ?? "";
    assert.equal(await poll(world, service, { version }), undefined, service.word);
  }

  // A poll that waits is answered by what happens; its client would have waited 16 s for the 304.
  const clusters = SERVICES.find(({ word }) => word === "clusters") ?? assert.fail();
  const held = poll(world, clusters, { version: versions.get("clusters") ?? "", waitsMs: 20_000 });
  await world.api.register({ id: "s3", backend });
  assert.deepEqual(namesIn(await held), ["s1", "s2", "s3"]);
});

Deno.test("a client that hangs up is forgotten long before one that is only silent", async () => {
  await using world = await createWorld({ envoys: 0 });
  const [listeners] = SERVICES;
  assert.ok(listeners);
  const { versionInfo: version } = await poll(world, listeners) ?? assert.fail();
  const client = new AbortController();
  const held = poll(world, listeners, { version, waitsMs: 30_000, signal: client.signal });
  const polling = () => world.api.metric('signalbox_streams{protocol="rest"}');
  const acked = () => world.api.metric('signalbox_acks_total{type="listener"}');
  await until(async () => await acked() === 1, { what: "the poll that is held" });
  assert.equal(await polling(), 1);
  client.abort();
  await assert.rejects(held, { name: "AbortError" });
  await until(async () => await polling() === 0, { what: "the end of the client" });
});

testWithEnvoy("an Envoy with clusters of its own polls for nothing but endpoints", async () => {
  await using world = await createWorld({ envoys: 0 });
  const [a, b] = [await world.addBackend("a"), await world.addBackend("b")];
  await world.api.register({ id: "s1", backend: a });
  const { hostname, port } = new URL(world.signalbox.httpUrl);
  const envoy = await startEnvoy({
    path: envoyPath,
    bootstrap: JSON.stringify(polledEndpoints({ address: hostname, port_value: Number(port) })),
    folder: world.folder,
  });
  try {
    using client = createEchoClient({
      address: `127.0.0.1:${await envoy.listenerPort("ingress")}`,
      authority: "s1.example.org",
    });
    for (const backend of [a, b, a]) {
      await world.api.register({ id: "s1", backend });
      await untilAnsweredBy(client, backend.name);
    }
    assert.ok(await envoy.stat("cluster.session.update_success") ?? 0 >= 3);
  } finally {
    await envoy.stop();
  }
});

async function untilAnsweredBy(client: EchoClient, backend: string): Promise<void> {
  await until(async () => {
    const result = await client.say({ text: "hello" });
    return result.ok && result.reply.backend === backend;
  }, { what: `an answer of "${backend}"` });
}

/** A bootstrap of which nothing but one cluster's endpoints comes from Signalbox. */
function polledEndpoints(signalbox: { readonly address: string; readonly port_value: number }) {
  return {
    node: { id: "by-endpoints", cluster: "e2e" },
    static_resources: {
      clusters: [
        {
          name: XDS_CLUSTER,
          type: "STATIC",
          load_assignment: {
            cluster_name: XDS_CLUSTER,
            endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: signalbox } } }] }],
          },
        },
        {
          name: "session",
          type: "EDS",
          eds_cluster_config: {
            service_name: "s1",
            eds_config: {
              resource_api_version: "V3",
              api_config_source: {
                api_type: "REST",
                transport_api_version: "V3",
                cluster_names: [XDS_CLUSTER],
                refresh_delay: "0.1s",
                request_timeout: "2s",
              },
            },
          },
          typed_extension_protocol_options: {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
              "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
              explicit_http_config: { http2_protocol_options: {} },
            },
          },
        },
      ],
      listeners: [{
        name: "ingress",
        address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
        filter_chains: [{
          filters: [{
            name: "http",
            typed_config: {
              "@type":
                "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
              stat_prefix: "ingress",
              route_config: {
                virtual_hosts: [{
                  name: "all",
                  domains: ["*"],
                  routes: [{ match: { prefix: "/" }, route: { cluster: "session" } }],
                }],
              },
              http_filters: [{
                name: "router",
                typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
              }],
            },
          }],
        }],
      }],
    },
  };
}
