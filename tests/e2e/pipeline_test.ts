import assert from "node:assert/strict";
import { createDevCertificate } from "../../core/dev/certificate.ts";
import { createEchoBackend } from "../../core/dev/echo_backend.ts";
import { createEchoClient } from "../../core/dev/echo_client.ts";
import { until } from "../../core/dev/until.ts";
import type { Layout } from "../../core/pipeline/listener.ts";
import { createPipeline } from "../../core/pipeline/pipeline.ts";
import type { Backend, Session } from "../../core/session/session.ts";
import { createBareWorld } from "./bare_world.ts";
import { testWithEnvoy } from "./envoy_test_case.ts";

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

const LAYOUTS: readonly Layout[] = [
  { routes: "scoped", clusters: "push" },
  { routes: "rds", clusters: "push" },
  { routes: "vhds", clusters: "push" },
  // Over the state of the world, Envoy has them all from the beginning.
  { routes: "scoped", clusters: "on-demand" },
];

for (const layout of LAYOUTS) {
  for (const mode of ["delta", "sotw"] as const) {
    const { routes, clusters } = layout;
    // Envoy fills a route configuration by VHDS over delta only.
    if (routes === "vhds" && mode === "sotw") continue;
    testWithEnvoy(`a session of the pipeline is served by Envoy: ${routes}, ${clusters}, ${mode}`, async () => {
      await using stack = new AsyncDisposableStack();
      const certificate = await createDevCertificate("example.org", { now: new Date() });
      const first = await createEchoBackend({ name: "first", address: "127.0.0.11" });
      stack.defer(() => first.kill());
      const second = await createEchoBackend({ name: "second", address: "127.0.0.12" });
      stack.defer(() => second.kill());
      const world = stack.use(
        await createBareWorld({ layout, mode, tls: certificate }),
      );
      const pipeline = createPipeline({ hookSets: [] });
      const put = (id: string, changed: Session | undefined) => {
        const built = changed ? pipeline.build(changed) : undefined;
        if (built?.ok === false) assert.fail(JSON.stringify(built.failures));
        world.put(id, built?.fragment);
      };
      const say = async (authority: string) => {
        using client = createEchoClient({ address: world.ingress, authority, ca: certificate.ca });
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
      assert.deepEqual(world.nacks, []);
    });
  }
}
