import assert from "node:assert/strict";
import { toClientNode } from "./client_node.ts";
import { findGroup, type NodeMatch } from "./node_groups.ts";

const node = toClientNode({
  id: "edge-7",
  cluster: "eu",
  metadata: { tier: "gold", shard: 3, canary: true },
  locality: { region: "eu-west", zone: "b" },
}, ["uri:spiffe://example.org/edge/7", "cn:edge-7"]);

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
    { identities: ["token:edge", "uri:spiffe://example.org/edge/*"] },
    { ids: ["edge-*"], clusters: ["eu"], metadata: { tier: "gold" }, locality: { region: "eu-west", zone: "b" } },
  ];
  for (const match of matching) assert.equal(groupOf(match), "first", JSON.stringify(match));
  const others: readonly NodeMatch[] = [
    { ids: ["edge"] },
    { ids: [] },
    { clusters: ["eu-*"] },
    { metadata: { tier: "silver" } },
    { identities: ["uri:spiffe://example.org/edge"] },
    { identities: ["edge-7"] },
    { identities: [] },
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

Deno.test("findGroup() puts nobody into a group by what it says, where the group wants it proven", () => {
  const groups = [
    { name: "eu", match: { ids: ["eu-*"], identities: ["token:eu"] } },
    { name: "us", match: { ids: ["us-*"], identities: ["token:us"] } },
  ];
  const groupOf = (id: string, ...identities: readonly string[]) =>
    findGroup(groups, toClientNode({ id }, identities))?.name;
  assert.equal(groupOf("eu-1", "token:eu"), "eu");
  assert.equal(groupOf("us-1", "token:us"), "us");
  assert.equal(groupOf("eu-1", "token:us"), undefined);
  assert.equal(groupOf("us-1", "token:eu"), undefined);
  assert.equal(groupOf("eu-1"), undefined);
});
