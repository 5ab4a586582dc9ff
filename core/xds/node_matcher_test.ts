import assert from "node:assert/strict";
import type { Message } from "../proto/message_types.ts";
import { SignalboxError } from "../signalbox_error.ts";
import { toClientNode } from "./client_node.ts";
import { createNodeFilter } from "./node_matcher.ts";

type NodeMatcher = Message<"envoy.type.matcher.v3.NodeMatcher">;

const node = toClientNode({ id: "Edge-7", metadata: { tier: "gold", deep: { shard: 3, on: false, none: null } } });

const at = (...keys: readonly string[]) => keys.map((key) => ({ key }));

Deno.test("createNodeFilter() has a node when any matcher has all of it", () => {
  const matching: readonly NodeMatcher[] = [
    {},
    { nodeId: { exact: "Edge-7" } },
    { nodeId: { exact: "EDGE-7", ignoreCase: true } },
    { nodeId: { prefix: "Edge" } },
    { nodeId: { suffix: "-7" } },
    { nodeId: { contains: "ge-" } },
    { nodeMetadatas: [{ path: at("tier"), value: { stringMatch: { prefix: "go" } } }] },
    { nodeMetadatas: [{ path: at("deep", "shard"), value: { doubleMatch: { exact: 3 } } }] },
    { nodeMetadatas: [{ path: at("deep", "on"), value: { boolMatch: false } }] },
    { nodeMetadatas: [{ path: at("deep", "none"), value: { nullMatch: {} } }] },
    { nodeMetadatas: [{ path: at("other"), value: { presentMatch: false } }] },
  ];
  for (const matcher of matching) assert.ok(createNodeFilter([matcher])(node), JSON.stringify(matcher));
  const others: readonly NodeMatcher[] = [
    { nodeId: { exact: "edge-7" } },
    { nodeId: { exact: "Edge-7" }, nodeMetadatas: [{ path: at("tier"), value: { stringMatch: { exact: "tin" } } }] },
    { nodeMetadatas: [{ path: at("toString"), value: { presentMatch: true } }] },
    { nodeMetadatas: [{ path: at("deep", "shard"), value: { stringMatch: { exact: "3" } } }] },
  ];
  for (const matcher of others) assert.ok(!createNodeFilter([matcher])(node), JSON.stringify(matcher));
  assert.ok(createNodeFilter([{ nodeId: { exact: "other" } }, { nodeId: { exact: "Edge-7" } }])(node));
  assert.ok(createNodeFilter()(node));
});

Deno.test("createNodeFilter() refuses what it does not understand, each with its path", () => {
  assert.throws(
    () =>
      createNodeFilter([
        { nodeId: { safeRegex: { regex: ".*" } } },
        { nodeMetadatas: [{ path: at("a"), value: { listMatch: {} } }, { path: at("b") }] },
      ]),
    (error) => {
      assert.ok(error instanceof SignalboxError);
      assert.deepEqual(error.issues.map(({ path }) => path), [
        "nodeMatchers[0].nodeId",
        "nodeMatchers[1].nodeMetadatas[0].value",
        "nodeMatchers[1].nodeMetadatas[1].value",
      ]);
      return true;
    },
  );
});
