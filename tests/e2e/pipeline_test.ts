import assert from "node:assert/strict";
import { stringify } from "yaml";
import { OPEN_ACCESS } from "../../core/access/access.ts";
import { ResourceCache } from "../../core/cache/resource_cache.ts";
import { buildEnvoyBootstrap } from "../../core/command/envoy_bootstrap.ts";
import { createDevCertificate } from "../../core/dev/certificate.ts";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import { createEchoClient } from "../../core/dev/echo_client.ts";
import { startEnvoy } from "../../core/dev/envoy_process.ts";
import { until } from "../../core/dev/until.ts";
import { createPipeline } from "../../core/pipeline/pipeline.ts";
import { buildShared } from "../../core/pipeline/shared.ts";
import type { Backend, Session } from "../../core/session/session.ts";
import type { StreamEvent } from "../../core/xds/event.ts";
import { startXdsServer } from "../../core/xds/xds_server.ts";
import { envoyPath, testWithEnvoy } from "./envoy_test_case.ts";

function session(id: string, { address, port }: Omit<Backend, "weight">, aliases: readonly string[] = []): Session {
  return {
    id,
    host: `${id}.example.org`,
    aliases,
    backends: [{ address, port, weight: 1 }],
    labels: {},
    plugins: {},
  };
}

for (const layout of ["scoped", "rds", "vhds"] as const) {
  for (const mode of ["delta", "sotw"] as const) {
    // Envoy fills a route configuration by VHDS over delta only.
    if (layout === "vhds" && mode === "sotw") continue;
    testWithEnvoy(`a session of the pipeline is served by Envoy: ${layout}, ${mode}`, async () => {
      await using stack = new AsyncDisposableStack();
      const folder = await Deno.makeTempDir({ prefix: "signalbox-pipeline-" });
      stack.defer(() => Deno.remove(folder, { recursive: true }));
      const certificate = await createDevCertificate("example.org", { now: new Date() });
      const first = await createEchoBackend({ name: "first", address: "127.0.0.11" });
      stack.defer(() => first.kill());
      const second = await createEchoBackend({ name: "second", address: "127.0.0.12" });
      stack.defer(() => second.kill());

      const listeners = [{ name: "ingress", address: "127.0.0.1", port: 0, tls: certificate }];
      const cache = new ResourceCache(buildShared({ layout, listeners, hookSets: [] }));
      const pipeline = createPipeline({ hookSets: [] });
      const rejections: StreamEvent[] = [];
      const server = await startXdsServer({
        address: "127.0.0.1",
        port: 0,
        access: OPEN_ACCESS,
        maxConnectionAgeMs: 3_600_000,
        admit: () => ({ group: "default", dialect: "envoy", views: cache }),
        observer: {
          opened() {},
          closed() {},
          progressed() {},
          refused() {},
          event(_, event) {
            if (event.kind === "nacked") rejections.push(event);
          },
        },
      });
      stack.defer(() => server.close());
      let generation = 0;
      const put = (id: string, changed: Session | undefined) => {
        const built = changed ? pipeline.build(changed) : undefined;
        if (built?.ok === false) assert.fail(JSON.stringify(built.failures));
        cache.apply(++generation, [{ id, fragment: built?.fragment }]);
        server.advance();
      };

      const bootstrap = buildEnvoyBootstrap({
        mode,
        server: { host: "127.0.0.1", port: server.port },
        nodeId: "test",
        nodeCluster: "test",
        adminPort: 0,
      });
      const envoy = await startEnvoy({ path: envoyPath, bootstrap: stringify(bootstrap), folder });
      stack.defer(() => envoy.stop());
      const address = `127.0.0.1:${await envoy.listenerPort("ingress")}`;
      const say = async (authority: string) => {
        using client = createEchoClient({ address, authority, ca: certificate.ca });
        const result = await client.say({ text: "hello" });
        return result.ok ? result.reply.backend : result.codeName;
      };
      const becomes = (authority: string, expected: string) =>
        until(async () => await say(authority) === expected, { timeoutMs: 10_000 });

      put("session-1", session("session-1", first, ["other.example.org"]));
      await becomes("session-1.example.org", "first");
      assert.equal(await say("session-1.example.org:8443"), "first", "with a port");
      assert.equal(await say("Session-1.Example.ORG"), "first", "in upper case");
      assert.equal(await say("Session-1.Example.ORG:443"), "first", "in upper case, with a port");
      assert.equal(await say("other.example.org"), "first", "by its alias");
      assert.equal(await say("unknown.example.org"), "UNIMPLEMENTED");

      put("session-1", session("session-1", second));
      await becomes("session-1.example.org", "second");
      assert.equal(await say("other.example.org"), "UNIMPLEMENTED", "by an alias that it has no more");

      put("session-1", undefined);
      await becomes("session-1.example.org", "UNIMPLEMENTED");
      assert.deepEqual(rejections, []);
    });
  }
}
