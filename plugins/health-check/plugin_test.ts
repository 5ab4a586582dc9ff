import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

Deno.test("health-check leaves clusters as they are when nothing is configured", async () => {
  using tested = await testPlugin(plugin);
  const cluster = tested.build().clusters[0];
  assert.deepEqual([cluster?.healthChecks, cluster?.outlierDetection, cluster?.commonLbConfig], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("health-check asks pods in the way that is configured, also before the first call", async () => {
  const common = {
    interval: { seconds: 5 },
    timeout: { seconds: 1 },
    noTrafficInterval: { seconds: 5 },
    unhealthyThreshold: { value: 3 },
    healthyThreshold: { value: 1 },
  };
  const kinds = [
    [{ grpc: "acme.v1.Files" }, { grpcHealthCheck: { serviceName: "acme.v1.Files" } }],
    [{ http: "/healthz" }, { httpHealthCheck: { path: "/healthz", codecClientType: "HTTP2" } }],
    ["tcp", { tcpHealthCheck: {} }],
  ] as const;
  for (const [check, expected] of kinds) {
    using tested = await testPlugin(plugin, { config: { active: { check } } });
    assert.deepEqual(tested.build().clusters[0]?.healthChecks, [{ ...common, ...expected }]);
  }
});

Deno.test("health-check takes the session's own before the operator's, part by part", async () => {
  using tested = await testPlugin(plugin, {
    config: { active: { check: "tcp" }, outliers: { failures: 7 }, panic: 0 },
  });
  const { clusters } = tested.build({ input: { active: false } });
  assert.equal(clusters[0]?.healthChecks, undefined);
  assert.deepEqual(clusters[0]?.outlierDetection?.consecutiveGatewayFailure, { value: 7 });
  assert.deepEqual(clusters[0]?.commonLbConfig?.healthyPanicThreshold, {});
  const other = tested.build({ input: { outliers: { ejectFor: "1m" } } }).clusters[0]?.outlierDetection;
  assert.deepEqual(other?.baseEjectionTime, { seconds: 60 });
  assert.deepEqual(other?.consecutiveGatewayFailure, { value: 5 });
});

Deno.test("health-check refuses what is no check, with the session's path", async () => {
  using tested = await testPlugin(plugin, { name: "health" });
  const failures = (input: unknown) => tested.failures({ plugins: { health: input } }).map(({ path }) => path);
  assert.deepEqual(failures({ panic: 101 }), ["plugins.health.panic"]);
  assert.deepEqual(failures({ active: { check: { http: "healthz" } } }).length, 1);
  assert.deepEqual(failures({ outliers: { ejectFor: "0s" } }).length, 1);
});
