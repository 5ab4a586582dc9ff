import assert from "node:assert/strict";
import { toClientNode } from "./client_node.ts";
import { findGroup, type NodeMatch } from "./node_groups.ts";

const node = toClientNode({
  id: "edge-7",
  cluster: "eu",
  metadata: { tier: "gold", shard: 3, canary: true },
  locality: { region: "eu-west", zone: "b" },
});

const groupOf = (match: NodeMatch) => findGroup([{ name: "first", match }, { name: "rest" }], node)?.name;

Deno.test("findGroup() takes the first group of which every part matches", () => {
  const matching: readonly NodeMatch[] = [
    {},
    { ids: ["edge-1", "edge-7"] },
    { ids: ["edge-*"] },
    { ids: ["*"] },
    { clusters: ["eu"] },
    { metadata: { tier: "gold", shard: 3, canary: true } },
    { locality: { region: "eu-west" } },
    { ids: ["edge-*"], clusters: ["eu"], metadata: { tier: "gold" }, locality: { region: "eu-west", zone: "b" } },
  ];
  for (const match of matching) assert.equal(groupOf(match), "first", JSON.stringify(match));
  const others: readonly NodeMatch[] = [
    { ids: ["edge"] },
    { ids: [] },
    { clusters: ["eu-*"] },
    { metadata: { tier: "silver" } },
    { metadata: { shard: "3" } },
    { metadata: { toString: "gold" } },
    { locality: { region: "eu-west", subZone: "x" } },
    { ids: ["edge-*"], clusters: ["us"] },
  ];
  for (const match of others) assert.equal(groupOf(match), "rest", JSON.stringify(match));
});

Deno.test("findGroup() finds none when no group has the node", () => {
  assert.equal(findGroup([{ name: "us", match: { clusters: ["us"] } }], node), undefined);
  assert.equal(findGroup([], node), undefined);
});
