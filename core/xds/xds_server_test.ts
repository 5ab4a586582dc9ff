import { Client, type ClientDuplexStream, credentials, status } from "@grpc/grpc-js";
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type Access, OPEN_ACCESS } from "../access/access.ts";
import type { Fragment } from "../cache/fragment.ts";
import { ResourceCache } from "../cache/resource_cache.ts";
import { CLUSTER, LISTENER } from "../cache/resource_type.ts";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import type { MessageName, Messages } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Admit } from "./client.ts";
import type { ClientObserver } from "./client_stream.ts";
import { startXdsServer } from "./xds_server.ts";

const ADS = "/envoy.service.discovery.v3.AggregatedDiscoveryService";
const silent: ClientObserver = { opened() {}, closed() {}, event() {}, progressed() {}, refused() {} };
const HOUR_MS = 3_600_000;

const DELTA_REQUEST = "envoy.service.discovery.v3.DeltaDiscoveryRequest";
const DELTA_RESPONSE = "envoy.service.discovery.v3.DeltaDiscoveryResponse";
const REQUEST = "envoy.service.discovery.v3.DiscoveryRequest";
const RESPONSE = "envoy.service.discovery.v3.DiscoveryResponse";

async function startServer(options: {
  readonly cache?: ResourceCache;
  readonly access?: Access;
  readonly admit?: Admit;
  readonly observer?: ClientObserver;
  readonly port?: number;
  readonly maxConnectionAgeMs?: number;
} = {}) {
  const { cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] }), observer = silent } = options;
  const admit: Admit = options.admit ?? (() => ({ group: "default", dialect: "envoy", views: cache }));
  const { port = 0, access = OPEN_ACCESS, maxConnectionAgeMs = HOUR_MS } = options;
  const limits = { maxUnknownNames: 100 };
  return await startXdsServer({ address: "127.0.0.1", port, access, admit, limits, observer, maxConnectionAgeMs });
}

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
function connect<Q extends MessageName, A extends MessageName>(port: number, path: string, asks: Q, answers: A) {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const call: ClientDuplexStream<Messages[Q], Messages[A]> = client.makeBidiStreamRequest(
    path,
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
  const ended = new Promise<number>((resolve) => {
    call.on("status", ({ code }) => resolve(code));
    call.on("error", () => {});
  });
  return {
    write: (message: Messages[Q]) => call.write(message),
    read: (): Promise<Messages[A]> => {
      const first = arrived.shift();
      return first ? Promise.resolve(first) : new Promise((resolve) => waiting.push(resolve));
    },
    ended,
    async close() {
      call.end();
      await ended;
      client.close();
    },
  };
}

function fetchOnce(port: number, path: string, request: Messages[typeof REQUEST]): Promise<Messages[typeof RESPONSE]> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      path,
      (message: Messages[typeof REQUEST]) => Buffer.from(encodeMessage(REQUEST, message)),
      (bytes: Buffer) => decodeMessage(RESPONSE, bytes),
      request,
      (error, response) => {
        client.close();
        if (error || !response) reject(error);
        else resolve(response);
      },
    );
  });
}

Deno.test("startXdsServer() streams changes to a delta client and to one of the state of the world", async () => {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const events: string[] = [];
  const server = await startServer({
    cache,
    observer: {
      ...silent,
      opened: ({ node, protocol }) => events.push(`opened ${protocol} ${node.id}`),
      closed: ({ node, protocol }) => events.push(`closed ${protocol} ${node.id}`),
      event: ({ protocol }, { kind }) => events.push(`${kind} ${protocol}`),
      progressed: ({ protocol }, revision) => events.push(`${protocol} has ${revision}`),
    },
  });
  const delta = connect(server.port, `${ADS}/DeltaAggregatedResources`, DELTA_REQUEST, DELTA_RESPONSE);
  delta.write({ typeUrl: CLUSTER, node: { id: "a" } });
  const empty = await delta.read();
  assert.equal(empty.typeUrl, CLUSTER);
  assert.equal(empty.resources, undefined);
  delta.write({ typeUrl: CLUSTER, responseNonce: empty.nonce });

  const sotw = connect(server.port, `${ADS}/StreamAggregatedResources`, REQUEST, RESPONSE);
  sotw.write({ typeUrl: CLUSTER, node: { id: "b" } });
  const nothing = await sotw.read();
  sotw.write({ typeUrl: CLUSTER, versionInfo: nothing.versionInfo, responseNonce: nothing.nonce });

  cache.apply(1, [{ id: "session-1", fragment: fragment("session-1") }]);
  server.advance();
  const added = await delta.read();
  assert.deepEqual(added.resources?.map(({ name }) => name), ["session-1"]);
  assert.equal(added.resources?.[0]?.resource?.["@type"], CLUSTER);
  delta.write({ typeUrl: CLUSTER, responseNonce: added.nonce });
  const state = await sotw.read();
  assert.equal(state.resources?.length, 1);

  await delta.close();
  await sotw.close();
  await server.close();
  for (const event of ["opened delta a", "opened sotw b", "sent delta", "acked delta", "delta has 0", "delta has 1"]) {
    assert.ok(events.includes(event), `${event} is not in ${events.join()}`);
  }
  assert.deepEqual(events.filter((event) => event.startsWith("closed")).sort(), ["closed delta a", "closed sotw b"]);
});

Deno.test("startXdsServer() serves each type on a service of its own, and no other type there", async () => {
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  cache.apply(1, [{ id: "session-1", fragment: fragment("session-1") }]);
  const server = await startServer({ cache });
  const path = "/envoy.service.cluster.v3.ClusterDiscoveryService";

  const delta = connect(server.port, `${path}/DeltaClusters`, DELTA_REQUEST, DELTA_RESPONSE);
  delta.write({});
  assert.deepEqual((await delta.read()).resources?.map(({ name }) => name), ["session-1"]);
  delta.write({ typeUrl: LISTENER });
  assert.equal(await delta.ended, status.INVALID_ARGUMENT);

  const sotw = connect(server.port, `${path}/StreamClusters`, REQUEST, RESPONSE);
  sotw.write({ typeUrl: CLUSTER });
  assert.equal((await sotw.read()).resources?.length, 1);

  const fetched = await fetchOnce(server.port, `${path}/FetchClusters`, {});
  assert.equal(fetched.resources?.[0]?.["@type"], CLUSTER);
  assert.equal(fetched.versionInfo, cache.view(CLUSTER).version);
  const none = await fetchOnce(server.port, `${path}/FetchClusters`, { resourceNames: ["other"] });
  assert.equal(none.resources, undefined);

  for (const client of [delta, sotw]) await client.close();
  await server.close();
});

Deno.test("startXdsServer() refuses a request for no type, and a node that no group has", async () => {
  const refused: string[] = [];
  const server = await startServer({
    admit: (node) =>
      node.id === "known"
        ? {
          group: "default",
          dialect: "envoy",
          views: new ResourceCache({ listeners: [], clusters: [], secrets: [] }),
        }
        : undefined,
    observer: { ...silent, refused: ({ id }) => refused.push(id) },
  });
  const untyped = connect(server.port, `${ADS}/StreamAggregatedResources`, REQUEST, RESPONSE);
  untyped.write({ node: { id: "known" } });
  assert.equal(await untyped.ended, status.INVALID_ARGUMENT);

  const stranger = connect(server.port, `${ADS}/DeltaAggregatedResources`, DELTA_REQUEST, DELTA_RESPONSE);
  stranger.write({ typeUrl: CLUSTER, node: { id: "stranger" } });
  assert.equal(await stranger.ended, status.PERMISSION_DENIED);
  const path = "/envoy.service.cluster.v3.ClusterDiscoveryService/FetchClusters";
  await assert.rejects(fetchOnce(server.port, path, { node: { id: "stranger" } }), { code: status.PERMISSION_DENIED });

  assert.deepEqual(refused, ["stranger", "stranger"]);
  for (const client of [untyped, stranger]) await client.close();
  await server.close();
});

Deno.test("startXdsServer() ends a connection that is too old, and close() tells every client to go", async () => {
  const aging = await startServer({ maxConnectionAgeMs: 100 });
  const old = connect(aging.port, `${ADS}/DeltaAggregatedResources`, DELTA_REQUEST, DELTA_RESPONSE);
  old.write({ typeUrl: CLUSTER });
  await old.read();
  assert.notEqual(await old.ended, status.OK);
  await old.close();
  await aging.close();

  const server = await startServer();
  const client = connect(server.port, `${ADS}/DeltaAggregatedResources`, DELTA_REQUEST, DELTA_RESPONSE);
  client.write({ typeUrl: CLUSTER });
  await client.read();
  const closed = server.close();
  assert.equal(await client.ended, status.UNAVAILABLE);
  await client.close();
  await closed;
});

Deno.test("startXdsServer() says so when the address is taken", async () => {
  const server = await startServer();
  await assert.rejects(
    startServer({ port: server.port }),
    (error) => error instanceof SignalboxError && error.code === "address_in_use",
  );
  await server.close();
});
