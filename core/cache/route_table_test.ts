import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMessage, encodeMessage } from "../proto/codec.ts";
import { concatBytes, fieldBytes } from "../proto/wire.ts";
import type { Fragment } from "./fragment.ts";
import type { Resource } from "./resource.ts";
import { ENVOY_ROWS, RouteTable } from "./route_table.ts";

function fragment(id: string, cluster: string): Fragment {
  const body = encodeMessage("envoy.config.route.v3.VirtualHost", {
    routes: [{ match: { prefix: "/" }, route: { cluster } }],
  });
  return { sessionId: id, clusters: [], secrets: [], virtualHosts: [{ hosts: [`${id}.example.org`], body }] };
}

/** What a route configuration routes, as `host>cluster`. */
function routesOf({ body }: Resource): readonly string[] {
  const { virtualHosts = [] } = decodeMessage("envoy.config.route.v3.RouteConfiguration", body);
  return virtualHosts.map(({ domains, routes }) => `${domains?.[0]}>${routes?.[0]?.route?.cluster}`);
}

Deno.test("resource() stays as it was when the table changes", () => {
  const table = new RouteTable(ENVOY_ROWS);
  table.add(fragment("a", "1"));
  const before = table.resource();
  table.remove(fragment("a", "1"));
  table.add(fragment("a", "2"));
  table.add(fragment("b", "1"));
  const between = table.resource();
  table.remove(fragment("b", "1"));
  assert.deepEqual(routesOf(before), ["a.example.org>1"]);
  assert.deepEqual(routesOf(between), ["a.example.org>2", "b.example.org>1"]);
  assert.deepEqual(routesOf(table.resource()), ["a.example.org>2"]);
});

Deno.test("resource() is put together of parts that stay the same objects while they do not change", () => {
  const table = new RouteTable(ENVOY_ROWS);
  table.add(fragment("a", "1"));
  table.add(fragment("b", "1"));
  const before = table.resource();
  const parts = before.parts ?? assert.fail();
  table.remove(fragment("b", "1"));
  table.add(fragment("b", "2"));
  const after = table.resource();
  for (const { body, parts } of [before, after]) {
    const fields = (parts?.virtualHosts ?? []).map((bytes) => fieldBytes(2, bytes));
    const type = "envoy.config.route.v3.RouteConfiguration";
    const whole = decodeMessage(type, concatBytes([parts?.frame ?? new Uint8Array(), ...fields]));
    assert.deepEqual(whole, decodeMessage(type, body));
  }
  assert.equal(after.parts?.virtualHosts[0], parts.virtualHosts[0]);
  assert.notEqual(after.parts?.virtualHosts[1], parts.virtualHosts[1]);
});

Deno.test("resource() has one version for one content, and every resource the content of its moment", () => {
  const step = fc.record({ id: fc.constantFrom("a", "b", "c"), cluster: fc.option(fc.constantFrom("1", "2")) });
  fc.assert(fc.property(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 20 }), (changes) => {
    const table = new RouteTable(ENVOY_ROWS);
    const model = new Map<string, string>();
    const contentOf = new Map<string, string>();
    const taken = changes.map((steps) => {
      for (const { id, cluster } of steps) {
        const earlier = model.get(id);
        if (earlier !== undefined) table.remove(fragment(id, earlier));
        if (cluster !== null) table.add(fragment(id, cluster));
        if (cluster === null) model.delete(id);
        else model.set(id, cluster);
      }
      const expected = [...model].sort().map(([id, cluster]) => `${id}.example.org>${cluster}`);
      return { resource: table.resource(), expected };
    });
    for (const { resource, expected } of taken) {
      assert.deepEqual(routesOf(resource), expected);
      const content = expected.join();
      assert.equal(contentOf.get(resource.version) ?? content, content);
      contentOf.set(resource.version, content);
    }
  }));
});
