import assert from "node:assert/strict";
import type { Session } from "../session/session.ts";
import { SignalboxError } from "../signalbox_error.ts";
import type { Observation } from "./operation.ts";
import { buildSample, sampleSession, startBed } from "./testdata/registrar_bed.ts";
import { unavailable } from "./testdata/store_double.ts";

const present = (id: string, changes: Parameters<typeof sampleSession>[1] = {}, owner = `pod ${id}`): Observation => ({
  kind: "present",
  session: sampleSession(id, changes),
  owner,
});
const gone = (id: string): Observation => ({ kind: "gone", id });

/** A bed, and what was reported of observations: the codes of their problems. */
async function observingBed(options: Parameters<typeof startBed>[0] = {}) {
  const bed = await startBed(options);
  const reports: Record<string, string | undefined>[] = [];
  const observe = async (...observations: Observation[]) => {
    bed.registrar.observe(observations, (outcomes) => {
      reports.push(Object.fromEntries(Array.from(outcomes, ([id, error]) => [id, error?.code])));
    });
    await bed.time.settle();
  };
  return { ...bed, reports, observe };
}

Deno.test("observe() has sessions served and listed like all others, and not stored", async () => {
  const { registrar, table, store, published, served, reports, observe } = await observingBed();
  await observe(present("a"), present("b"));
  assert.deepEqual(table.get("a"), { session: sampleSession("a"), owner: "pod a", generation: 1 });
  assert.deepEqual([...served.keys()], ["a", "b"]);
  assert.deepEqual(published.map(({ generation, changes }) => [generation, changes.length]), [[0, 0], [1, 2]]);
  assert.deepEqual(reports, [{ a: undefined, b: undefined }]);
  await observe(gone("a"), gone("unknown"));
  assert.equal(table.get("a"), undefined);
  assert.deepEqual([...served.keys()], ["b"]);
  assert.equal(registrar.generation, 2);
  assert.deepEqual(store.commits, []);
  await registrar.close();
});

Deno.test("observe() publishes nothing where a session stays as it was, whoever it follows", async () => {
  const { registrar, table, published, reports, observe } = await observingBed();
  await observe(present("a"));
  await observe(present("a", {}, "pod other"));
  assert.equal(table.get("a")?.owner, "pod other");
  assert.equal(table.get("a")?.generation, 1);
  assert.equal(published.length, 2);
  assert.deepEqual(reports, [{ a: undefined }, { a: undefined }]);
  await registrar.close();
});

Deno.test("observe() lets hosts pass from one session to another in one step, in any order", async () => {
  const { registrar, published, served, observe } = await observingBed();
  await observe(present("a", { host: "x" }), present("b", { host: "y" }));
  await observe(present("a", { host: "y" }), present("b", { host: "x" }));
  assert.deepEqual(Array.from(served.values(), ({ host }) => host), ["y", "x"]);
  await observe(gone("a"), present("c", { host: "y" }));
  assert.equal(served.get("c")?.host, "y");
  assert.equal(published.length, 4);
  await registrar.close();
});

Deno.test("observe() takes the last word on a session when there are several for one commit", async () => {
  const { registrar, table, published, observe } = await observingBed();
  registrar.observe([present("a")], () => assert.fail("it was never taken in"));
  await observe(gone("a"));
  assert.equal(table.get("a"), undefined);
  assert.equal(published.length, 1);
  await registrar.close();
});

Deno.test("observe() leaves registered sessions alone, and comes to its own when they go", async () => {
  const { registrar, table, time, reports, served, observe } = await observingBed();
  await registrar.register(sampleSession("a"));
  await registrar.register(sampleSession("b", { host: "shared" }));
  await observe(present("a", { labels: { from: "pod" } }), present("c", { host: "shared" }), gone("b"));
  assert.deepEqual(reports, [{ a: "host_taken", c: "host_taken", b: undefined }]);
  assert.equal(table.get("a")?.owner, undefined);
  await registrar.deregister("a");
  await registrar.deregister("b");
  await time.settle();
  assert.deepEqual(served.get("a")?.labels, { from: "pod" });
  assert.equal(served.get("c")?.host, "shared");
  assert.deepEqual(reports.at(-1), { c: undefined });
  await registrar.close();
});

Deno.test("observe() forgets what it kept waiting when that is gone", async () => {
  const { registrar, table, time, observe } = await observingBed();
  await registrar.register(sampleSession("a"));
  await observe(present("a"));
  await observe(gone("a"));
  await registrar.deregister("a");
  await time.settle();
  assert.equal(table.get("a"), undefined);
  await registrar.close();
});

Deno.test("register() and deregister() leave a session that follows something to that", async () => {
  const { registrar, table, observe } = await observingBed();
  await observe(present("a", { host: "x" }));
  const outcomes = [
    await registrar.register(sampleSession("a")),
    await registrar.deregister("a"),
    await registrar.register(sampleSession("b", { host: "x" })),
  ];
  const codes = outcomes.map((outcome) => outcome.status === "refused" ? outcome.error.code : outcome.status);
  assert.deepEqual(codes, ["session_owned", "session_owned", "host_taken"]);
  assert.equal(table.get("a")?.owner, "pod a");
  await registrar.close();
});

Deno.test("observe() withdraws a session of which nothing can be made now, and reports why", async () => {
  for (const build of ["fails", "throws"]) {
    const { registrar, table, served, reports, observe } = await observingBed();
    await observe(present("a"), present("b"));
    await observe(present("a", { labels: { build } }), present("b", { labels: { x: "y" } }));
    assert.equal(served.get("a"), undefined, "its old resources may lead to another's pod");
    assert.deepEqual(table.get("a")?.session.labels, { build });
    assert.deepEqual(served.get("b")?.labels, { x: "y" });
    assert.deepEqual(reports.at(-1), { a: "invalid_request", b: undefined });
    await registrar.close();
  }
});

Deno.test("observe() reports a session that could not be built once more when it is served at last", async () => {
  let mended = false;
  const build = (session: Session): ReturnType<typeof buildSample> =>
    mended ? { ok: true, fragment: session } : buildSample(session);
  const { registrar, time, served, reports, observe } = await observingBed({ build });
  await observe(present("a", { labels: { build: "fails" } }));
  assert.equal(registrar.failing, 1);
  registrar.invalidate(["a"]);
  await time.settle();
  assert.deepEqual(reports, [{ a: "invalid_request" }]);
  mended = true;
  registrar.invalidate(["a"]);
  await time.settle();
  assert.ok(served.has("a"));
  assert.equal(registrar.failing, 0);
  assert.deepEqual(reports, [{ a: "invalid_request" }, { a: undefined }]);
  await registrar.close();
});

Deno.test("observe() goes on while the store takes no changes", async () => {
  const { registrar, store, served, observe } = await observingBed();
  await observe(present("a"));
  store.failure = unavailable();
  const refused = assert.rejects(registrar.register(sampleSession("b")), SignalboxError);
  await observe(gone("a"), present("c"));
  await refused;
  assert.deepEqual([...served.keys()], ["c"]);
  await registrar.close();
});
