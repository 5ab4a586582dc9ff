import assert from "node:assert/strict";
import type { BuiltShared } from "../../core/author/plugin_tests.ts";
import { testPlugin } from "../../core/author/test_plugin.ts";
import plugin from "./plugin.ts";

function logsOf({ listeners }: BuiltShared) {
  const manager = listeners[0]?.filterChains?.[0]?.filters?.[0]?.typedConfig;
  assert.equal(
    manager?.["@type"],
    "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
  );
  assert.ok(!("value" in manager));
  return manager.accessLog ?? [];
}

function onlyLogOf(shared: BuiltShared) {
  const [log, ...others] = logsOf(shared);
  assert.deepEqual(others, []);
  const { typedConfig, filter } = log ?? {};
  assert.ok(typedConfig !== undefined && "logFormat" in typedConfig);
  const { "@type": type, logFormat, ...rest } = typedConfig;
  assert.ok(typeof logFormat === "object");
  return { type: type.split(".").at(-1), fields: logFormat.jsonFormat ?? {}, filter, rest };
}

Deno.test("access-log adds the session to Signalbox's fields when nothing is configured", async () => {
  using tested = await testPlugin(plugin, { name: "log" });
  const { type, fields, filter } = onlyLogOf(tested.shared());
  assert.deepEqual([type, filter], ["StdoutAccessLog", undefined]);
  assert.equal(fields["authority"], "%REQ(:AUTHORITY)%");
  assert.equal(fields["session"], "%METADATA(ROUTE:log:session)%");
  assert.deepEqual(tested.build().routes[0]?.metadata, { filterMetadata: { log: { session: "session-1" } } });
});

Deno.test("access-log adds fields and labels, and leaves out those that are null", async () => {
  const config = { fields: { agent: "%REQ(USER-AGENT)%", client: null }, labels: ["team", "example.org/tier"] };
  using tested = await testPlugin(plugin, { name: "log", config });
  const { fields } = onlyLogOf(tested.shared());
  assert.equal(fields["agent"], "%REQ(USER-AGENT)%");
  assert.equal(fields["example.org/tier"], "%METADATA(ROUTE:log:example.org/tier)%");
  assert.ok(!("client" in fields));
  const labels = { team: "blue", other: "x" };
  assert.deepEqual(tested.build({ labels }).routes[0]?.metadata, {
    filterMetadata: { log: { session: "session-1", team: "blue" } },
  });
});

Deno.test("access-log writes where it is told, what it is told", async () => {
  using file = await testPlugin(plugin, { config: { sink: { file: "/tmp/calls.log" }, only: "failures" } });
  const { type, rest, filter } = onlyLogOf(file.shared());
  assert.deepEqual([type, rest], ["FileAccessLog", { path: "/tmp/calls.log" }]);
  assert.deepEqual(filter, { grpcStatusFilter: { statuses: ["OK"], exclude: true } });
  using stderr = await testPlugin(plugin, { config: { sink: "stderr" } });
  assert.equal(onlyLogOf(stderr.shared()).type, "StderrAccessLog");
  using none = await testPlugin(plugin, { config: { sink: "none" } });
  assert.deepEqual(logsOf(none.shared()), []);
});

Deno.test("access-log refuses a label in place of the session's id", async () => {
  await assert.rejects(testPlugin(plugin, { config: { labels: ["session"] } }));
});
