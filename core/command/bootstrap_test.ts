import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { buildEnvoyBootstrap } from "./envoy_bootstrap.ts";
import { buildGrpcBootstrap } from "./grpc_bootstrap.ts";
import { runCommand, withFolder } from "./testdata/test_io.ts";

const DEFAULTS = {
  mode: "delta",
  server: { host: "127.0.0.1", port: 18000 },
  nodeId: "envoy-1",
  nodeCluster: "signalbox",
  adminPort: 9901,
} as const;

Deno.test("bootstrap prints YAML for delta ADS on loopback when nothing is said", async () => {
  const { code, out, err } = await runCommand(["bootstrap"]);
  assert.equal(code, 0);
  assert.equal(err, "");
  assert.deepEqual(parse(out), buildEnvoyBootstrap(DEFAULTS));
});

Deno.test("bootstrap prints JSON with what the options say", async () => {
  const args = ["--mode", "sotw", "--xds", "signalbox.svc:443", "--node-id", "edge-7", "--cluster", "edge"];
  const { out } = await runCommand(["bootstrap", "--format", "json", "--admin-port", "0", ...args]);
  assert.deepEqual(
    JSON.parse(out),
    buildEnvoyBootstrap({
      mode: "sotw",
      server: { host: "signalbox.svc", port: 443 },
      nodeId: "edge-7",
      nodeCluster: "edge",
      adminPort: 0,
    }),
  );
});

Deno.test("bootstrap takes the address from the config by mode, unless --xds says another", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, '{domain: a, http: {address: "::", port: 81}, xds: {address: 0.0.0.0, port: 82}}');
    const cases = [
      [[], { ...DEFAULTS, server: { host: "127.0.0.1", port: 82 } }],
      [["--mode", "rest"], { ...DEFAULTS, mode: "rest", server: { host: "::1", port: 81 } }],
      [["--mode", "rest", "--xds", "a:1"], { ...DEFAULTS, mode: "rest", server: { host: "a", port: 1 } }],
    ] as const;
    for (const [args, options] of cases) {
      const { out } = await runCommand(["bootstrap", "--config", file, ...args]);
      assert.deepEqual(parse(out), buildEnvoyBootstrap(options));
    }
    const { out } = await runCommand(["bootstrap", "--mode", "rest"]);
    assert.deepEqual(
      parse(out),
      buildEnvoyBootstrap({ ...DEFAULTS, mode: "rest", server: { host: "127.0.0.1", port: 8080 } }),
    );
  }));

Deno.test("bootstrap exits with 1 when the config leaves the port to chance", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "{domain: a, xds: {port: 0}}");
    assert.deepEqual(await runCommand(["bootstrap", "--config", file]), {
      code: 1,
      out: "",
      err: `error: Cannot tell Signalbox's port: ${file} has xds.port 0; give --xds\n`,
    });
    assert.equal((await runCommand(["bootstrap", "--config", file, "--xds", "a:1"])).code, 0);
  }));

Deno.test("bootstrap tells Envoy whom to trust and what to show", async () => {
  const args = ["--xds", "signalbox.example:443", "--ca", "/ca.crt", "--cert", "/envoy.crt", "--key", "/envoy.key"];
  const server = { host: "signalbox.example", port: 443 };
  const client = { cert: "/envoy.crt", key: "/envoy.key" };
  const tls = { ca: "/ca.crt", serverName: "signalbox.example", client };
  const { out } = await runCommand(["bootstrap", ...args]);
  assert.deepEqual(parse(out), buildEnvoyBootstrap({ ...DEFAULTS, server, tls }));

  const polling = await runCommand(["bootstrap", "--mode", "rest", ...args, "--server-name", "other.example"]);
  const expected = buildEnvoyBootstrap({
    ...DEFAULTS,
    mode: "rest",
    server,
    tls: { ...tls, serverName: "other.example" },
  });
  assert.deepEqual(parse(polling.out), expected);

  const shown = await runCommand(["bootstrap", "--ca", "/ca.crt", "--token", "sbx_a"], { env: () => "sbx_b" });
  assert.deepEqual(
    parse(shown.out),
    buildEnvoyBootstrap({ ...DEFAULTS, tls: { ca: "/ca.crt", serverName: "127.0.0.1" }, token: "sbx_a" }),
  );
});

Deno.test("bootstrap exits with 1 when Envoy would not get in", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, "{domain: a, xds: {tls: {cert: a, key: b}}}");
    const closed = join(folder, "closed.yaml");
    await Deno.writeTextFile(closed, "{domain: a, http: {tokensFile: t.yaml}}");
    const cases: readonly [readonly string[], RegExp][] = [
      [["--config", file], /^error: Cannot tell how Envoy trusts Signalbox: .* has TLS; give --ca\n$/],
      [["--cert", "/a", "--ca", "/b"], /--cert and --key go together/],
      [["--cert", "/a", "--key", "/b"], /give --ca/],
      [["--mode", "rest", "--config", closed], /wants tokens, .* when it polls; give http\.tls\.clientCa\n$/],
      [["--mode", "rest", "--token", "sbx_a"], /Cannot put a token into polling/],
      [["--mode", "grpc", "--token", "sbx_a"], /Cannot put a token into mode grpc/],
      [["--mode", "grpc", "--ca", "/a", "--server-name", "b"], /another name than the host/],
    ];
    for (const [args, message] of cases) {
      const { code, out, err } = await runCommand(["bootstrap", ...args]);
      assert.deepEqual([code, out], [1, ""], args.join(" "));
      assert.match(err, message);
    }
  }));

Deno.test("bootstrap refuses the mode in which Envoy cannot do what the config has it do", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    for (const [key, value] of [["clusters", "on-demand"], ["routes", "vhds"]]) {
      await Deno.writeTextFile(file, `{domain: a, delivery: {${key}: ${value}}}`);
      const delta = await runCommand(["bootstrap", "--config", file]);
      assert.deepEqual(parse(delta.out), buildEnvoyBootstrap(DEFAULTS));
      const rest = await runCommand(["bootstrap", "--config", file, "--mode", "rest"]);
      const server = { host: "127.0.0.1", port: 8080 };
      assert.deepEqual(parse(rest.out), buildEnvoyBootstrap({ ...DEFAULTS, mode: "rest", server }));
      assert.deepEqual(await runCommand(["bootstrap", "--config", file, "--mode", "sotw"]), {
        code: 1,
        out: "",
        err: `error: Cannot make a bootstrap of mode sotw: ${file} has delivery.${key} ${value}, ` +
          "which needs mode delta\n",
      });
    }
  }));

Deno.test("bootstrap prints JSON for gRPC clients, whatever the config says of Envoys", () =>
  withFolder(async (folder) => {
    const file = join(folder, "s.yaml");
    await Deno.writeTextFile(file, '{domain: a, xds: {address: "::", port: 82}, delivery: {clusters: on-demand}}');
    const { code, out } = await runCommand(["bootstrap", "--mode", "grpc", "--config", file, "--node-id", "me"]);
    assert.equal(code, 0);
    const options = { server: { host: "::1", port: 82 }, nodeId: "me", nodeCluster: "signalbox" };
    assert.deepEqual(JSON.parse(out), buildGrpcBootstrap(options));
    assert.equal(JSON.parse(out).xds_servers[0].server_uri, "[::1]:82");
  }));

Deno.test("bootstrap writes a file where one is named, for its owner alone with a token in it", () =>
  withFolder(async (folder) => {
    const file = join(folder, "envoy.yaml");
    const modeOf = async () => ((await Deno.stat(file)).mode ?? 0) & 0o777;
    assert.deepEqual(await runCommand(["bootstrap", "--out", file]), { code: 0, out: "", err: "" });
    assert.deepEqual(parse(await Deno.readTextFile(file)), buildEnvoyBootstrap(DEFAULTS));
    assert.equal(await modeOf() & 0o044, 0o044);
    await Deno.remove(file);
    await runCommand(["bootstrap", "--out", file, "--token", "sbx_a"]);
    assert.equal(await modeOf(), 0o600);
    const { code, err } = await runCommand(["bootstrap", "--out", join(folder, "none", "envoy.yaml")]);
    assert.equal(code, 1);
    assert.match(err, /^error: Cannot write ".*": there is no such file\n$/);
  }));
