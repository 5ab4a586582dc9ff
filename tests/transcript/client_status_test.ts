import assert from "node:assert/strict";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { CLUSTER, SECRET } from "../../core/cache/resource_type.ts";
import { decodeMessage } from "../../core/proto/codec.ts";
import type { Client } from "../../core/xds/client.ts";
import { toClientNode } from "../../core/xds/client_node.ts";
import { type ClientView, encodeClientStatus } from "../../core/xds/client_status.ts";
import { DeltaStream } from "../../core/xds/delta_stream.ts";
import { SotwStream } from "../../core/xds/sotw_stream.ts";
import { buildFragment, parseSession, SHARED } from "./sessions.ts";

const STATUS_RESPONSE = "envoy.service.status.v3.ClientStatusResponse";

const client = (id: number, name: string, protocol: Client["protocol"]): Client => ({
  id,
  node: toClientNode({ id: name, cluster: "edge", metadata: { tier: "gold" } }),
  group: "default",
  dialect: "envoy",
  protocol,
});

function createCache(...sessions: readonly string[]): ResourceCache {
  const cache = new ResourceCache(SHARED);
  change(cache, ...sessions);
  return cache;
}

function change(cache: ResourceCache, ...sessions: readonly string[]): void {
  const fragments = sessions.map((text) => buildFragment(parseSession(text)));
  cache.apply(cache.generation + 1, fragments.map((fragment) => ({ id: fragment.sessionId, fragment })));
}

/** As `a SYNCED`, in the order of names. */
function statesOf(machine: Pick<ClientView, "statuses">): readonly string[] {
  return Array.from(machine.statuses(), ({ resource, status, error }) => {
    return `${resource.name} ${status}${error === undefined ? "" : `: ${error}`}`;
  }).sort();
}

const deltaRequest = (nonce: string, subscribe: readonly string[] = []) => ({
  typeUrl: CLUSTER,
  subscribe,
  unsubscribe: [],
  initialVersions: {},
  nonce,
});

Deno.test("statuses() tells of a delta stream what was sent, acknowledged, rejected, and not sent", () => {
  const cache = createCache("a", "b", "c");
  const stream = new DeltaStream(cache);
  const first = stream.receive(deltaRequest("", ["*"])).responses[0];
  assert.deepEqual(statesOf(stream), ["a STALE", "b STALE", "c STALE"]);
  change(cache, "b v=bad");
  assert.deepEqual(statesOf(stream), ["a STALE", "b NOT_SENT", "c STALE"]);
  const second = stream.receive(deltaRequest(first?.nonce ?? "")).responses[0];
  assert.deepEqual(statesOf(stream), ["a SYNCED", "b STALE", "c SYNCED"]);
  stream.receive({ ...deltaRequest(second?.nonce ?? ""), error: "no" });
  assert.deepEqual(statesOf(stream), ["a SYNCED", "b ERROR: no", "c SYNCED"]);
  stream.receive({ ...deltaRequest(""), unsubscribe: ["*"] });
  assert.deepEqual(statesOf(stream), []);
  stream.close();
});

Deno.test("statuses() tells the same of a stream of the state of the world", () => {
  const cache = createCache("a", "b");
  const stream = new SotwStream(cache);
  const request = { typeUrl: CLUSTER, names: [], version: "", nonce: "" };
  const first = stream.receive(request).responses[0];
  assert.deepEqual(statesOf(stream), ["a STALE", "b STALE"]);
  change(cache, "b v=bad");
  assert.deepEqual(statesOf(stream), ["a STALE", "b NOT_SENT"]);
  const second = stream.receive({ ...request, nonce: first?.nonce ?? "" }).responses[0];
  assert.deepEqual(statesOf(stream), ["a SYNCED", "b STALE"]);
  stream.receive({ ...request, nonce: second?.nonce ?? "", error: "no" });
  assert.deepEqual(statesOf(stream), ["a SYNCED", "b ERROR: no"]);
  stream.close();
});

Deno.test("encodeClientStatus() lists the clients that are asked for, and shows no secret", () => {
  const cache = createCache("a secret=s");
  const stream = new DeltaStream(cache);
  stream.receive(deltaRequest("", ["*"]));
  stream.receive({ ...deltaRequest("", ["s"]), typeUrl: SECRET });
  const statuses = () => stream.statuses();
  const views = [
    { client: client(1, "envoy-1", "delta"), statuses },
    { client: client(2, "envoy-2", "delta"), statuses },
  ];
  const matchers = [{ nodeId: { exact: "envoy-2" } }];
  const { config } = decodeMessage(STATUS_RESPONSE, encodeClientStatus(views, { nodeMatchers: matchers }));
  assert.equal(config?.length, 1);
  const [shown] = config ?? [];
  assert.equal(shown?.node?.id, "envoy-2");
  assert.deepEqual(shown?.node?.metadata, { tier: "gold" });
  assert.equal(shown?.clientScope, "stream 2, delta, group default");
  const resources = (shown?.genericXdsConfigs ?? []).map(({ name, configStatus, clientStatus, xdsConfig }) => ({
    name,
    configStatus,
    clientStatus,
    shown: xdsConfig?.["@type"],
  }));
  assert.deepEqual(resources.toSorted((a, b) => (a.name ?? "") < (b.name ?? "") ? -1 : 1), [
    { name: "a", configStatus: "STALE", clientStatus: "REQUESTED", shown: CLUSTER },
    { name: "s", configStatus: "STALE", clientStatus: "REQUESTED", shown: undefined },
  ]);
  const bare = decodeMessage(STATUS_RESPONSE, encodeClientStatus(views, { excludeResourceContents: true }));
  assert.equal(bare.config?.length, 2);
  assert.equal(bare.config?.[0]?.genericXdsConfigs?.[0]?.xdsConfig, undefined);
  stream.close();
});
