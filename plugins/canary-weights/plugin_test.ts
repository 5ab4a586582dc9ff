import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

const CANARY = { address: "10.1.2.4", port: 50051, weight: 10 };

Deno.test("canary-weights leaves a session that says nothing as it is", async () => {
  using tested = await testPlugin(plugin);
  const { clusters, routes } = tested.build();
  assert.deepEqual(clusters.map(({ name }) => name), ["session-1"]);
  assert.deepEqual(routes.map(({ route }) => route?.cluster), ["session-1"]);
});

Deno.test("canary-weights makes clusters of the pods, as the session's is but for the place", async () => {
  using tested = await testPlugin(plugin);
  const { clusters, endpoints, routes } = tested.build({ input: { weight: 90, backends: { canary: CANARY } } });
  const [own, canary] = clusters;
  assert.deepEqual(canary, { ...own, name: "session-1/canary" });
  assert.deepEqual(endpoints[1]?.endpoint?.address, { socketAddress: { address: "10.1.2.4", portValue: 50051 } });
  assert.deepEqual(routes[0]?.route?.weightedClusters, {
    clusters: [{ name: "session-1", weight: { value: 90 } }, { name: "session-1/canary", weight: { value: 10 } }],
  });
});

Deno.test("canary-weights changes routes alone when weights change", async () => {
  using tested = await testPlugin(plugin);
  const before = tested.build({ input: { weight: 90, backends: { canary: CANARY } } });
  const after = tested.build({ input: { weight: 10, backends: { canary: { ...CANARY, weight: 90 } } } });
  assert.deepEqual(after.clusters, before.clusters);
  assert.notDeepEqual(after.routes, before.routes);
});

Deno.test("canary-weights hashes the header, and without one leaves the choice to chance", async () => {
  using tested = await testPlugin(plugin);
  const { routes } = tested.build({ input: { backends: { canary: CANARY }, sticky: { header: "x-user" } } });
  assert.deepEqual(routes[0]?.route?.hashPolicy, [{ header: { headerName: "x-user" } }]);
  assert.deepEqual(routes[0]?.route?.weightedClusters?.useHashPolicy, { value: true });
});

Deno.test("canary-weights sends whoever brings a pod's cookie to the pod, unless its weight is 0", async () => {
  using tested = await testPlugin(plugin);
  const { routes } = tested.build({
    input: {
      backends: { canary: CANARY, retired: { address: "10.1.2.5", port: 1 } },
      sticky: { cookie: "version", ttl: "1h" },
    },
  });
  const cookies = routes.map(({ match, route }) => [match?.cookies?.[0]?.stringMatch?.exact, route?.cluster]);
  assert.deepEqual(cookies, [["-", "session-1"], ["canary", "session-1/canary"], [undefined, undefined]]);
  const set = routes[2]?.route?.weightedClusters?.clusters?.map(({ responseHeadersToAdd }) =>
    responseHeadersToAdd?.[0]?.header?.value
  );
  assert.equal(set?.[1], "version=canary; Max-Age=3600; Path=/; HttpOnly");
});

Deno.test("canary-weights copies a part of the calls, whichever pod answers", async () => {
  using tested = await testPlugin(plugin);
  const { routes } = tested.build({
    input: {
      backends: { shadow: { ...CANARY, weight: 0 } },
      sticky: { cookie: "version", ttl: "1h" },
      mirror: { to: "shadow", percent: 1.5 },
    },
  });
  for (const { route } of routes) {
    assert.deepEqual(route?.requestMirrorPolicies, [{
      cluster: "session-1/shadow",
      runtimeFraction: { defaultValue: { numerator: 15_000, denominator: "MILLION" } },
    }]);
  }
  assert.equal(routes.length, 2);
});

Deno.test("canary-weights refuses what leads nowhere, with the session's path", async () => {
  using tested = await testPlugin(plugin, { name: "canary" });
  const issues = (input: Parameters<typeof tested.failures>[0]) =>
    tested.failures(input).map(({ path, message }) => `${path} ${message}`);
  assert.deepEqual(issues({ input: { weight: 0, backends: { canary: { ...CANARY, weight: 0 } } } }), [
    "plugins.canary.weight must be more than 0 where all others are 0",
  ]);
  assert.deepEqual(issues({ input: { backends: {}, mirror: { to: "shadow" } } }), [
    "plugins.canary.mirror.to must be the name of one of the backends",
  ]);
  assert.deepEqual(issues({ input: { backends: { canary: { address: "pod.example.org", port: 1 } } } }), [
    "plugins.canary.backends.canary.address must be an IP address",
  ]);
});
