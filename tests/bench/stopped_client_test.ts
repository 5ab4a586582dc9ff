import { OPEN_ACCESS } from "../../core/access/access.ts";
import assert from "node:assert/strict";
import type { Fragment } from "../../core/cache/fragment.ts";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { CLUSTER } from "../../core/cache/resource_type.ts";
import { until } from "../../core/dev/until.ts";
import { encodeMessage } from "../../core/proto/codec.ts";
import { systemTimers } from "../../core/timers.ts";
import { startXdsServer } from "../../core/xds/xds_server.ts";
import { openAdsStream } from "./ads_client.ts";

/** A session whose cluster is another in every turn. */
function fragment(id: string, turn: number): Fragment {
  const body = encodeMessage("envoy.config.cluster.v3.Cluster", { name: id, altStatName: String(turn) });
  return {
    sessionId: id,
    clusters: [{ name: id, body, loadAssignment: new Uint8Array() }],
    virtualHosts: [],
    secrets: [],
  };
}

Deno.test("a client that never reads is sent one response, kept a bounded backlog, and let go; another misses nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const cache = new ResourceCache({ listeners: [], clusters: [], secrets: [] });
  const sent = new Map<string, number>();
  const open = new Set<string>();
  const server = await startXdsServer({
    address: "127.0.0.1",
    port: 0,
    maxConnectionAgeMs: 3_600_000,
    admit: () => ({ group: "default", dialect: "envoy", views: cache }),
    access: OPEN_ACCESS,
    limits: { maxUnknownNames: 100 },
    observer: {
      opened: ({ node: { id } }) => open.add(id),
      closed: ({ node: { id } }) => open.delete(id),
      progressed() {},
      refused() {},
      event({ node: { id } }, { kind }) {
        if (kind === "sent") sent.set(id, (sent.get(id) ?? 0) + 1);
      },
    },
  });
  stack.defer(() => server.close());

  const turns = 500;
  const ids = Array.from({ length: 100 }, (_, index) => `s${index}`);
  const versions = new Map<string, string>();
  let generation = 0;
  const change = (turn: number) => {
    cache.apply(++generation, ids.map((id) => ({ id, fragment: fragment(id, turn) })));
    server.advance();
  };
  change(0);
  const options = { address: `127.0.0.1:${server.port}`, types: [{ typeUrl: CLUSTER }], onEnd() {} };
  stack.use(openAdsStream({ ...options, nodeId: "stopped", stopped: true, onResponse() {} }));
  stack.use(openAdsStream({
    ...options,
    nodeId: "reading",
    onResponse: ({ resources }) => {
      for (const { name, version } of resources) versions.set(name, version);
    },
  }));
  await until(() => sent.size === 2, { what: "both clients' first responses" });

  const view = cache.view(CLUSTER);
  let largest = 0;
  for (let turn = 1; turn <= turns; turn++) {
    change(turn);
    largest = Math.max(largest, view.log.size);
    await systemTimers.nextTurn();
  }
  const isComplete = () => ids.every((id) => versions.get(id) === view.get(id)?.version);
  await until(isComplete, { what: "the other client's last changes" });
  assert.equal(sent.get("stopped"), 1);
  assert.deepEqual([...open], ["reading"]);
  // All that was changed is more.
  assert.ok(largest < 45_000, `${largest} changes were kept`);
  change(turns + 1);
  await until(isComplete, { what: "one more change" });
  for (let turn = 0; turn < 50; turn++) change(turns + 2 + turn);
  assert.ok(view.log.size < 10_000, `${view.log.size} changes are kept for nobody`);
});
