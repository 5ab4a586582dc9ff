import assert from "node:assert/strict";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

const place = { address: "10.1.2.4", port: 50051 };

Deno.test("path-routes leaves a session that says nothing as it is", async () => {
  using tested = await testPlugin(plugin);
  assert.equal(tested.build().clusters.length, 1);
  assert.equal(tested.build().routes.length, 1);
});

Deno.test("path-routes has the longest prefix first, and the session's own pod last", async () => {
  using tested = await testPlugin(plugin);
  const { clusters, endpoints, routes } = tested.build({
    input: {
      backends: {
        files: { ...place, prefixes: ["/files", "/acme.files."] },
        upload: { address: "fd00::5", port: 8080, prefixes: ["/files/upload/"] },
      },
    },
  });
  assert.deepEqual(clusters.map(({ name }) => name), ["session-1", "session-1/files", "session-1/upload"]);
  assert.deepEqual(endpoints.map(({ endpoint }) => endpoint?.address?.socketAddress?.address), [
    "10.0.0.1",
    "10.1.2.4",
    "fd00::5",
  ]);
  assert.deepEqual(routes.map(({ match, route }) => [match, route?.cluster]), [
    [{ prefix: "/files/upload/" }, "session-1/upload"],
    [{ prefix: "/acme.files." }, "session-1/files"],
    [{ pathSeparatedPrefix: "/files" }, "session-1/files"],
    [{ prefix: "/" }, "session-1"],
  ]);
});

Deno.test("path-routes gives its routes what the session's own has", async () => {
  using tested = await testPlugin(plugin);
  const { routes } = tested.build({ input: { backends: { files: { ...place, prefixes: ["/files"] } } } });
  assert.deepEqual(routes[0]?.route, { ...routes[1]?.route, cluster: "session-1/files" });
});

Deno.test("path-routes refuses what is no prefix, and a prefix that is there twice, with the session's path", async () => {
  using tested = await testPlugin(plugin, { name: "paths" });
  const failures = (prefixes: Readonly<Record<string, string[]>>) =>
    tested.failures({
      input: {
        backends: Object.fromEntries(
          Object.entries(prefixes).map(([name, prefixes]) => [name, { ...place, prefixes }]),
        ),
      },
    }).map(({ path, message }) => `${path} ${message}`);
  assert.deepEqual(failures({ a: ["files"] }), [
    "plugins.paths.backends.a.prefixes[0] must begin with '/' and have neither '?' nor '#'",
  ]);
  assert.deepEqual(failures({ a: ["/files"], b: ["/x", "/files"] }), [
    'plugins.paths.backends.b.prefixes[1] "/files" is there twice, "a" has it',
  ]);
});
