import assert from "node:assert/strict";
import { join } from "node:path";
import { CLUSTER, SCOPED_ROUTE } from "./cache/resource_type.ts";
import { until } from "./dev/until.ts";
import { createPipeline } from "./pipeline/pipeline.ts";
import { loadPlugins } from "./plugin/load_plugins.ts";
import type { Plugin, Schemas } from "./plugin/plugin.ts";
import { PluginRuntime } from "./plugin/plugin_runtime.ts";
import type { Session, SessionRecord } from "./session/session.ts";
import { createSessionBuilder } from "./session_builder.ts";
import { createSessionExplainer } from "./session_explainer.ts";
import { explanationSchema } from "./source/tasks/explain_api.ts";

const session = ({ secret, z }: Schemas) => z.strictObject({ token: secret() }).optional();

/** Puts the token of a session into a header, and fails where a label says so, with the token in its message. */
const plugin = {
  apiVersion: 1,
  session,
  setup: () => ({
    route(route, { input, session }) {
      if (input === undefined) return;
      const value = input.token.reveal();
      if (session.labels["fails"] === "true") throw new Error(`cannot use ${value}`);
      return { ...route, requestHeadersToAdd: [{ header: { key: "authorization", value: `Bearer ${value}` } }] };
    },
  }),
} satisfies Plugin<undefined, typeof session>;

function sessionOf(id: string, file?: string, labels: Session["labels"] = {}): Session {
  return {
    ...{ id, labels },
    host: `${id}.example.org`,
    aliases: [],
    backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
    plugins: file === undefined ? {} : { auth: { token: { file } } },
  };
}

async function createBed() {
  const folder = await Deno.makeTempDir();
  const invalidated = new Set<string>();
  const runtime = new PluginRuntime({
    invalidate: (ids) => ids === "all" ? assert.fail() : ids.forEach((id) => invalidated.add(id)),
    sessionSecrets: { folder },
  });
  const hookSets = await loadPlugins([{ name: "auth", onError: "keep-last", baseDir: folder }], {
    bundled: { auth: () => Promise.resolve({ default: plugin }) },
    runtime,
  });
  const pipeline = createPipeline({ hookSets });
  const table = new Map<string, SessionRecord>();
  const failures: unknown[] = [];
  const builder = createSessionBuilder({
    ...{ pipeline, runtime },
    resolve: () => ({ backends: [], problem: "there is no Service" }),
    isRegistered: (id) => table.has(id),
    onFailures: (session, found) => failures.push(...found.map(({ message }) => `${session.id}: ${message}`)),
  });
  const explainer = createSessionExplainer({ pipeline, runtime, table, served: builder.served });
  return {
    ...{ builder, explainer, table, failures, invalidated },
    write: (name: string, text: string) => Deno.writeTextFile(join(folder, name), text),
    /** Builds, registers and publishes, as the registrar does with what can be built. */
    serve(session: Session) {
      const built = builder.build(session);
      if (!built.ok) return built;
      table.set(session.id, { session, generation: 1 });
      builder.published([{ id: session.id, fragment: built.fragment }]);
      return built;
    },
    remove(id: string) {
      table.delete(id);
      builder.published([{ id, fragment: undefined }]);
    },
    async [Symbol.asyncDispose]() {
      runtime[Symbol.dispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

Deno.test("SessionBuilder has a session built again when a secret changes that it is served with, and only then", async () => {
  await using bed = await createBed();
  for (const name of ["a", "b", "c", "d"]) await bed.write(name, "1");
  assert(bed.serve(sessionOf("uses-a", "a")).ok);
  assert(bed.serve(sessionOf("used-b", "b")).ok);
  assert(bed.serve(sessionOf("used-b", "c")).ok);
  assert(bed.serve(sessionOf("gone", "b")).ok);
  bed.remove("gone");
  // One that is refused is nobody's.
  assert(!bed.serve(sessionOf("refused", "b", { fails: "true" })).ok);
  await bed.write("b", "2");
  await bed.write("d", "2");
  await bed.write("a", "2");
  await until(() => bed.invalidated.has("uses-a"));
  assert.deepEqual([...bed.invalidated], ["uses-a"]);
});

Deno.test("SessionBuilder tries a registered session again when what it failed on changes", async () => {
  await using bed = await createBed();
  const session = sessionOf("s1", "late");
  bed.table.set("s1", { session, generation: 1 });
  assert(!bed.builder.build(session).ok);
  await bed.write("late", "here");
  await until(() => bed.invalidated.has("s1"));
  assert(bed.serve(session).ok);
});

Deno.test("SessionBuilder.isServed() compares to the byte", async () => {
  await using bed = await createBed();
  await bed.write("a", "1");
  const session = sessionOf("s1", "a");
  const built = bed.serve(session);
  assert(built.ok);
  const again = bed.builder.build(session);
  assert(again.ok && bed.builder.isServed("s1", again.fragment));
  assert(!bed.builder.isServed("s2", again.fragment));
  const other = bed.builder.build(sessionOf("s1"));
  assert(other.ok && !bed.builder.isServed("s1", other.fragment));
});

Deno.test("SessionBuilder hides secrets in what a plugin throws", async () => {
  await using bed = await createBed();
  await bed.write("a", "s3cr3t");
  const built = bed.builder.build(sessionOf("s1", "a", { fails: "true" }));
  assert(!built.ok);
  assert.deepEqual(built.failures.map(({ message }) => message), ["cannot use [redacted]"]);
  assert(!Deno.inspect(built.failures).includes("s3cr3t"));
  assert.deepEqual(bed.failures, ["s1: cannot use [redacted]"]);
});

Deno.test("explain says what is served, by which steps it came about, and nothing of secrets", async () => {
  await using bed = await createBed();
  await bed.write("a", "s3cr3t");
  assert.equal(bed.explainer.explain("s1"), undefined);
  const session = sessionOf("s1", "a");
  bed.serve(session);
  const explained = bed.explainer.explain("s1");
  assert.equal(explained?.served, "current");
  assert.deepEqual(explanationSchema.parse(explained), explained);
  assert.deepEqual(explained?.steps.map(({ plugin, hook }) => `${plugin} ${hook}`), ["auth route"]);
  assert.match(JSON.stringify(explained), /Bearer \[redacted\]/);
  assert(!JSON.stringify(explained).includes("s3cr3t"));
});

Deno.test("explain tells a session that is served as it was before, and one that is not served", async () => {
  await using bed = await createBed();
  await bed.write("a", "s3cr3t");
  bed.serve(sessionOf("s1", "a"));
  const failing = sessionOf("s1", "a", { fails: "true" });
  bed.table.set("s1", { session: failing, generation: 2 });
  const last = bed.explainer.explain("s1");
  assert.deepEqual([last?.served, last?.failures.map(({ message }) => message)], ["last", ["cannot use [redacted]"]]);
  bed.builder.published([{ id: "s1", fragment: undefined }]);
  assert.equal(bed.explainer.explain("s1")?.served, "nothing");
});

Deno.test("touchedBy() names the plugin that touches a resource last", async () => {
  await using bed = await createBed();
  await bed.write("a", "s3cr3t");
  bed.serve(sessionOf("s1", "a"));
  assert.equal(bed.explainer.touchedBy("s1", SCOPED_ROUTE, "s1.example.org"), "auth");
  assert.equal(bed.explainer.touchedBy("s1", CLUSTER, "s1"), undefined);
  assert.equal(bed.explainer.touchedBy("s2", SCOPED_ROUTE, "s2.example.org"), undefined);
});
