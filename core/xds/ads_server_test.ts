import { Client, type ClientDuplexStream, credentials } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER } from "../cache/resource_type.ts";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { MessageName, Messages } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { startAdsServer, type StreamObserver } from "./ads_server.ts";

const SERVICE = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const silent: StreamObserver = { opened() {}, closed() {}, event() {}, unknownType() {} };

function fragment(id: string): Fragment {
  return {
    sessionId: id,
    clusters: [{
      name: id,
      body: encodeMessage("envoy.config.cluster.v3.Cluster", { name: id }),
      loadAssignment: encodeMessage("envoy.config.endpoint.v3.ClusterLoadAssignment", { clusterName: id }),
    }],
    virtualHosts: [],
    secrets: [],
  };
}

/** A client that reads one message at a time. */
function connect<Q extends MessageName, A extends MessageName>(port: number, method: string, asks: Q, answers: A) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call: ClientDuplexStream<Messages[Q], Messages[A]> = client.makeBidiStreamRequest(
    `${SERVICE}/${method}`,
    (message: Messages[Q]) => Buffer.from(encodeMessage(asks, message)),
    (bytes: Buffer) => decodeMessage(answers, bytes),
  );
  const waiting: ((message: Messages[A]) => void)[] = [];
  const arrived: Messages[A][] = [];
  call.on("data", (message: Messages[A]) => {
    const resolve = waiting.shift();
    if (resolve) resolve(message);
    else arrived.push(message);
  });
  const ended = new Promise<void>((resolve) => {
    call.on("error", () => resolve());
    call.on("end", () => resolve());
  });
  return {
    write: (message: Messages[Q]) => call.write(message),
    read: (): Promise<Messages[A]> => {
      const first = arrived.shift();
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
    async close() {
      call.end();
      await ended;
      client.close();
    },
  };
}

Deno.test("startAdsServer() streams changes to a delta client and to one of the state of the world", async () => {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const events: string[] = [];
  const observer: StreamObserver = {
    ...silent,
    opened: (protocol) => events.push(`opened ${protocol}`),
    closed: (protocol) => events.push(`closed ${protocol}`),
    event: (event) => events.push(event.kind),
  };
  const server = await startAdsServer({ cache, address: "127.0.0.1", port: 0, observer });
  const delta = connect(
    server.port,
    "DeltaAggregatedResources",
    "envoy.service.discovery.v3.DeltaDiscoveryRequest",
    "envoy.service.discovery.v3.DeltaDiscoveryResponse",
  );
  delta.write({ typeUrl: CLUSTER });
  const empty = await delta.read();
  assert.equal(empty.typeUrl, CLUSTER);
  assert.equal(empty.resources, undefined);
  delta.write({ typeUrl: CLUSTER, responseNonce: empty.nonce });

  const sotw = connect(
    server.port,
    "StreamAggregatedResources",
    "envoy.service.discovery.v3.DiscoveryRequest",
    "envoy.service.discovery.v3.DiscoveryResponse",
  );
  sotw.write({ typeUrl: CLUSTER });
  const nothing = await sotw.read();
  sotw.write({ typeUrl: CLUSTER, versionInfo: nothing.versionInfo, responseNonce: nothing.nonce });

  cache.apply(1, [{ id: "session-1", fragment: fragment("session-1") }]);
  server.advance();
  const added = await delta.read();
  assert.deepEqual(added.resources?.map(({ name }) => name), ["session-1"]);
  assert.equal(added.resources?.[0]?.resource?.["@type"], CLUSTER);
  // The second client may not have been heard yet when the change came: it has it in one answer or in the next.
  const state = await sotw.read();
  assert.equal(state.resources?.length, 1);

  await delta.close();
  await sotw.close();
  await server.close();
  assert.ok(events.includes("acked"));
  assert.deepEqual(events.filter((event) => event.startsWith("closed")).sort(), ["closed delta", "closed sotw"]);
});

Deno.test("startAdsServer() says so when the address is taken", async () => {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const server = await startAdsServer({ cache, address: "127.0.0.1", port: 0, observer: silent });
  await assert.rejects(
    startAdsServer({ cache, address: "127.0.0.1", port: server.port, observer: silent }),
    (error) => error instanceof SignalboxError && error.code === "address_in_use",
  );
  await server.close();
});
