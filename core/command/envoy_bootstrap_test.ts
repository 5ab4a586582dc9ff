import assert from "node:assert/strict";
import { join } from "node:path";
import { findEnvoy } from "../dev/envoy_binary.ts";
import { startEnvoy } from "../dev/envoy_process.ts";
import { BOOTSTRAP_MODES, buildEnvoyBootstrap, SESSION_CLUSTER_STATS } from "./envoy_bootstrap.ts";
import { withFolder } from "./testdata/test_io.ts";

const options = {
  mode: "delta",
  // The discard port: nothing is there.
  server: { host: "127.0.0.1", port: 9 },
  nodeId: "envoy-1",
  nodeCluster: "signalbox",
  adminPort: 0,
} as const;

const envoy = await findEnvoy({ download: Deno.env.get("CI") !== undefined });

/** A test with a real Envoy: skipped where there is none, but not where CI is set. */
function testEnvoy(name: string, body: (path: string, folder: string) => Promise<void>): void {
  Deno.test({
    name,
    ignore: envoy.kind === "missing" && Deno.env.get("CI") === undefined,
    fn: () => withFolder((folder) => body(envoy.kind === "found" ? envoy.path : assert.fail(envoy.reason), folder)),
  });
}

testEnvoy("buildEnvoyBootstrap() is valid without a warning in every mode", async (path, folder) => {
  for (const mode of BOOTSTRAP_MODES) {
    for (const host of ["127.0.0.1", "::1", "signalbox.default.svc"]) {
      const file = join(folder, "envoy.json");
      await Deno.writeTextFile(
        file,
        JSON.stringify(buildEnvoyBootstrap({ ...options, mode, server: { host, port: 1 } })),
      );
      const args = ["--mode", "validate", "--config-path", file, "--log-level", "warning"];
      const { success, stdout, stderr } = await new Deno.Command(path, { args }).output();
      const said = new TextDecoder().decode(stderr);
      assert(success, `${mode} ${host}: ${said}`);
      assert.equal(said.trim(), "", `${mode} ${host}`);
      assert.match(new TextDecoder().decode(stdout), /OK/);
    }
  }
});

testEnvoy("buildEnvoyBootstrap() keeps Envoy from making statistics of sessions' clusters", async (path, folder) => {
  const clusters = ["session-123", "s-1.example.org", "session/abc", "ext_authz"];
  await using running = await startEnvoy({
    path,
    folder,
    bootstrap: JSON.stringify(buildEnvoyBootstrap(options)),
    overrides: { static_resources: { clusters: clusters.map((name) => ({ name, type: "STATIC" })) } },
  });
  const names = (await running.admin("/stats")).split("\n").map((line) => line.split(":")[0] ?? "");
  const known = (await running.admin("/clusters")).split("\n").map((line) => line.split("::")[0]);
  for (const cluster of clusters) assert(known.includes(cluster), cluster);
  const counted = new Set(names.filter((name) => name.startsWith("cluster.")).map((name) => name.split(".")[1]));
  assert.deepEqual([...counted].toSorted(), ["ext_authz", "signalbox_xds"]);
  for (
    const name of ["cluster_manager.cds.update_success", "listener_manager.listener_added", "control_plane.identifier"]
  ) {
    assert(names.includes(name), name);
  }
});

Deno.test("SESSION_CLUSTER_STATS matches the clusters whose names have no underscore", () => {
  const pattern = new RegExp(`^(?:${SESSION_CLUSTER_STATS})$`);
  for (const name of ["cluster.session-123.upstream_cx_total", "cluster.a.example.org.upstream_rq_2xx"]) {
    assert.match(name, pattern);
  }
  const kept = [
    "cluster.signalbox_xds.upstream_cx_total",
    "cluster_manager.cds.version",
    "listener.0.0.0.0_80.downstream_cx_total",
  ];
  for (const name of kept) assert.doesNotMatch(name, pattern);
});

Deno.test("buildEnvoyBootstrap() asks over HTTP/2 for ADS and over HTTP/1.1 for REST", () => {
  for (const mode of BOOTSTRAP_MODES) {
    const text = JSON.stringify(buildEnvoyBootstrap({ ...options, mode }));
    assert.equal(text.includes("http2_protocol_options"), mode !== "rest");
    assert.equal(text.includes('"api_type":"DELTA_GRPC"'), mode === "delta");
    assert.equal(text.includes('"api_type":"GRPC"'), mode === "sotw");
    assert.equal(text.includes('"api_type":"REST"'), mode === "rest");
  }
});

testEnvoy("buildEnvoyBootstrap() reaches a name of which one address alone is listened to", async (path, folder) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const server = { host: "localhost", port: listener.addr.port };
  const bootstrap = JSON.stringify(buildEnvoyBootstrap({ ...options, server }));
  await using _running = await startEnvoy({ path, folder, bootstrap });
  using _connection = await listener.accept();
});
