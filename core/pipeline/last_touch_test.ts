import assert from "node:assert/strict";
import { CLUSTER, LISTENER, SCOPED_ROUTE, SECRET } from "../cache/resource_type.ts";
import type { HookName } from "../plugin/hooks.ts";
import { lastTouch } from "./last_touch.ts";

const change = (plugin: string, hook: HookName, ...names: readonly string[]) => ({
  ...{ plugin, hook, before: [] },
  after: names.map((name) => ({ name })),
});

Deno.test("lastTouch() names the last plugin of those whose hooks make the type", () => {
  const changes = [change("moves", "session"), change("adds", "route"), change("hosts", "virtualHost")];
  assert.equal(lastTouch(changes, SCOPED_ROUTE, "s1.example.org"), "hosts");
  assert.equal(lastTouch(changes, CLUSTER, "s1"), "moves");
  assert.equal(lastTouch(changes.slice(1), CLUSTER, "s1"), undefined);
  assert.equal(lastTouch(changes, LISTENER, "ingress"), undefined);
});

Deno.test("lastTouch() tells clusters and secrets apart by their names", () => {
  const changes = [
    change("fans-out", "cluster", "s1", "s1/canary"),
    change("slows", "cluster", "s1/canary"),
    change("signs", "secret", "s1/client"),
  ];
  assert.equal(lastTouch(changes, CLUSTER, "s1"), "fans-out");
  assert.equal(lastTouch(changes, CLUSTER, "s1/canary"), "slows");
  assert.equal(lastTouch(changes, SECRET, "s1/client"), "signs");
  assert.equal(lastTouch(changes, SECRET, "s1/server"), undefined);
});
