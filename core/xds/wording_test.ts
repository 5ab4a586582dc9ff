import assert from "node:assert/strict";
import { createResource, type Resource } from "../cache/resource.ts";
import { CLUSTER, SCOPED_ROUTE } from "../cache/resource_type.ts";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import { Wording } from "./wording.ts";

const SCOPE = "envoy.config.route.v3.ScopedRouteConfiguration";

const messageOf = (routes: string) => ({
  name: "h",
  key: { fragments: [{ stringKey: "h" }] },
  routeConfiguration: { name: routes },
});

function scopeOf(routes: string): Resource {
  return createResource("h", encodeMessage(SCOPE, messageOf(routes)), "s");
}

Deno.test("of() gives a scope that was in a rejected response in other bytes, which mean the same", () => {
  const wording = new Wording(SCOPED_ROUTE);
  const scope = scopeOf("1");
  assert.equal(wording.of(scope), scope);
  wording.rejected([scope]);
  const other = wording.of(scope);
  assert.notDeepEqual(other.body, scope.body);
  assert.deepEqual(decodeMessage(SCOPE, other.body), { ...messageOf("1"), onDemand: true });
  assert.deepEqual({ ...other, body: scope.body }, scope);
});

Deno.test("of() gives the first bytes again when the others were rejected too", () => {
  const wording = new Wording(SCOPED_ROUTE);
  const scope = scopeOf("1");
  wording.rejected([scope]);
  wording.rejected([wording.of(scope)]);
  assert.equal(wording.of(scope), scope);
});

Deno.test("of() gives another version as it is, and the rejected one in other bytes when it is back", () => {
  const wording = new Wording(SCOPED_ROUTE);
  wording.rejected([scopeOf("1")]);
  const changed = scopeOf("2");
  assert.equal(wording.of(changed), changed);
  assert.notDeepEqual(wording.of(scopeOf("1")).body, scopeOf("1").body);
  wording.accepted("h");
  assert.deepEqual(wording.of(scopeOf("1")).body, scopeOf("1").body);
});

Deno.test("of() gives what is no scope as it is", () => {
  const wording = new Wording(CLUSTER);
  const cluster = createResource("c", new Uint8Array());
  wording.rejected([cluster]);
  assert.equal(wording.of(cluster), cluster);
});
