import assert from "node:assert/strict";
import { buildListener } from "../pipeline/listener.ts";
import type { ListenerMessage } from "./hooks.ts";
import { withHttpFilter } from "./http_filter.ts";

const LISTENER = buildListener({ name: "ingress", address: "127.0.0.1", port: 1, tls: false }, {
  routes: "scoped",
  clusters: "push",
});

function filtersOf({ filterChains = [], defaultFilterChain }: ListenerMessage): readonly (readonly string[])[] {
  return [...filterChains, ...(defaultFilterChain ? [defaultFilterChain] : [])].map(({ filters }) => {
    const config = filters?.[0]?.typedConfig;
    return config !== undefined && "httpFilters" in config
      ? config.httpFilters?.map(({ name }) => name ?? "") ?? []
      : [];
  });
}

Deno.test("withHttpFilter() puts filters before the router, in the order in which they come", () => {
  const listener = withHttpFilter(withHttpFilter(LISTENER, { name: "first" }), { name: "second" });
  assert.deepEqual(filtersOf(listener), [["lower-case-authority", "first", "second", "router"]]);
  assert.deepEqual(filtersOf(LISTENER), [["lower-case-authority", "router"]]);
});

Deno.test("withHttpFilter() replaces a filter of the same name where it stands", () => {
  const twice = withHttpFilter(withHttpFilter(LISTENER, { name: "cors" }), { name: "cors", isOptional: true });
  assert.deepEqual(filtersOf(twice), [["lower-case-authority", "cors", "router"]]);
  assert.match(JSON.stringify(twice), /"name":"cors","isOptional":true/);
});

Deno.test("withHttpFilter() adds no filter that is disabled: requests with capitals in their authority would get by it", () => {
  const filter = { name: "cors", disabled: true };
  assert.throws(
    () => withHttpFilter(LISTENER, filter),
    /^TypeError: Cannot add the HTTP filter "cors": it is disabled$/,
  );
});

Deno.test("withHttpFilter() reaches every filter chain, and leaves other filters alone", () => {
  const [chain] = LISTENER.filterChains ?? [];
  assert(chain);
  const tcp = { filters: [{ name: "tcp", typedConfig: { "@type": "example.org/x.Y", value: new Uint8Array(1) } }] };
  const listener = { ...LISTENER, filterChains: [chain, tcp, chain], defaultFilterChain: chain };
  const expected = ["lower-case-authority", "cors", "router"];
  const changed = withHttpFilter(listener, { name: "cors" });
  assert.deepEqual(filtersOf(changed), [expected, [], expected, expected]);
  assert.deepEqual(changed.filterChains?.[1], tcp);
});
