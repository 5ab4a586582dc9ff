import assert from "node:assert/strict";
import { join } from "node:path";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { PluginRuntime } from "./plugin_runtime.ts";

Deno.test("PluginRuntime.host() logs under the plugin's name, without secrets", async () => {
  const folder = await Deno.makeTempDir();
  const records: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { memory: (record) => void records.push(record) },
    loggers: [
      { category: ["signalbox"], lowestLevel: "debug", sinks: ["memory"] },
      { category: ["logtape", "meta"], lowestLevel: "error" },
    ],
  });
  try {
    await Deno.writeTextFile(join(folder, "token"), "s3cr3t");
    using runtime = new PluginRuntime({ invalidate: () => {} });
    const { log, secret } = runtime.host({ name: "auth", baseDir: folder });
    const token = secret({ file: "token" });
    log.info("has {token}", { token });
    log.warn("uses {header} and s3cr3t", { header: `Bearer ${token.reveal()}`, error: new Error("s3cr3t"), count: 1 });
    log.error(`cannot use ${token.reveal()}`);
  } finally {
    await reset();
    await Deno.remove(folder, { recursive: true });
  }
  assert.deepEqual(records.map(({ level }) => level), ["info", "warning", "error"]);
  assert(
    records.every(({ category, properties }) =>
      category.join(".") === "signalbox.plugins.auth" && properties.plugin === "auth"
    ),
  );
  assert(!Deno.inspect(records, { depth: 10 }).includes("s3cr3t"), Deno.inspect(records));
  assert.equal(records[1]?.properties.header, "Bearer [redacted]");
  assert.equal(records[1]?.properties.count, 1);
});

Deno.test("PluginRuntime tells plugins by their signal that it ends", () => {
  const runtime = new PluginRuntime({ invalidate: () => {} });
  const { signal } = runtime.host({ name: "p", baseDir: "/" });
  assert.equal(signal.aborted, false);
  runtime[Symbol.dispose]();
  assert.equal(signal.aborted, true);
});

Deno.test("PluginRuntime has secrets be samples, of a Kubernetes alone, of sessions too, or all", () => {
  const runtimeOf = (of: "cluster" | "sessions" | "all") =>
    new PluginRuntime({
      invalidate: () => {},
      sampleSecrets: { of, text: "x" },
      clusterSecrets: { plugins: places("a"), sessions: places("b") },
    });
  const places = (namespace: string) => ({ namespaces: [namespace], data: () => undefined, listen: () => {} });
  const place = { name: "p", baseDir: "/" };
  using all = runtimeOf("all");
  assert.equal(all.host(place).secret({ file: "nowhere" }).reveal(), "x");
  assert.equal(all.sessionSchemas().secret().parse({ env: "NOWHERE" }).reveal(), "x");
  const kubernetesSecret = { name: "nowhere", key: "k" };
  using sessions = runtimeOf("sessions");
  assert.equal(sessions.configSchemas(place).secret().parse({ kubernetesSecret }).reveal(), "x");
  using cluster = runtimeOf("cluster");
  assert.equal(cluster.host(place).secret({ kubernetesSecret }).reveal(), "x");
  assert.equal(cluster.sessionSchemas().secret().parse({ kubernetesSecret }).reveal(), "x");
  // What may be referred to holds there too.
  const elsewhere = { kubernetesSecret: { ...kubernetesSecret, namespace: "c" } };
  assert.throws(() => sessions.configSchemas(place).secret().parse(elsewhere), /must be a Secret in namespace a/);
  assert.throws(() => cluster.sessionSchemas().secret().parse(elsewhere), /must be a Secret in namespace b/);
  assert.throws(() => cluster.sessionSchemas().secret().parse({ env: "NOWHERE" }), /no sessionSecrets\.envPrefix/);
  assert.equal(sessions.sessionSchemas().secret().parse({ env: "NOWHERE" }).reveal(), "x");
  assert.throws(() => sessions.host(place).secret({ file: "nowhere" }), /there is no such file/);
  assert.throws(() => sessions.configSchemas(place).secret().parse({ file: "nowhere" }), /there is no such file/);
});
