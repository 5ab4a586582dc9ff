import assert from "node:assert/strict";
import type { Fragment } from "./cache/fragment.ts";
import type { Failure } from "./pipeline/failure.ts";
import { createPipeline, type Pipeline } from "./pipeline/pipeline.ts";
import { PluginRuntime } from "./plugin/plugin_runtime.ts";
import type { Session } from "./session/session.ts";
import { SessionTable } from "./session/session_table.ts";
import { createSessionBuilder } from "./session_builder.ts";
import { createSessionExplainer } from "./session_explainer.ts";
import type { EndpointSlice, Service } from "./source/kubernetes/kubernetes_service.ts";
import { ServiceRoutes } from "./source/kubernetes/service_routes.ts";
import { createRegistrar, type Registrar } from "./source/registrar.ts";
import { FakeTime } from "./source/testdata/fake_time.ts";
import { sampleSession } from "./source/testdata/registrar_bed.ts";
import { StoreDouble, unavailable } from "./source/testdata/store_double.ts";

/** A registrar whose sessions follow Services, put together as Signalbox does it. */
async function startBed(store = new StoreDouble()) {
  const time = new FakeTime();
  const table = new SessionTable();
  const runtime = new PluginRuntime({ sessionSecrets: {}, invalidate: (ids) => registrar.invalidate(ids) });
  const built: string[] = [];
  let failure: Failure | undefined;
  const inner = createPipeline({ hookSets: [] });
  const pipeline: Pipeline = {
    ...inner,
    build(session) {
      built.push(session.id);
      return failure ? { ok: false, failures: [failure], withdraw: false } : inner.build(session);
    },
  };
  const routes = new ServiceRoutes({ reads: runtime.reads, onMoved: (ids) => registrar.follow(ids) });
  const builder = createSessionBuilder({
    ...{ pipeline, runtime },
    resolve: (service) => routes.resolve(service),
    isRegistered: (id) => table.get(id) !== undefined,
    onFailures: () => {},
  });
  const followed: string[] = [];
  const generations: number[] = [];
  const registrar: Registrar<Fragment> = createRegistrar<Fragment>({
    ...{ store, table, clock: time, timers: time },
    build: builder.build,
    isServed: builder.isServed,
    publish(generation, changes) {
      generations.push(generation);
      builder.published(changes);
    },
    onFollowed: (ids) => followed.push(...ids),
  });
  await registrar.start(await store.load());
  const explainer = createSessionExplainer({ pipeline, runtime, table, served: builder.served });
  return {
    ...{ time, table, store, routes, registrar, explainer, built, followed, generations },
    register: (session: Session) => registrar.register(session),
    /** What became of Services, and all that follows from it. */
    async apply(updates: Parameters<ServiceRoutes["apply"]>[0]) {
      routes.apply(updates);
      await time.settle();
    },
    fail: (value: Failure | undefined) => failure = value,
    /** Where the session leads for people, and for Envoys. */
    leads(id: string) {
      const { session, problem } = table.get(id) ?? {};
      const { clusters = [], virtualHosts = [] } = builder.served(id) ?? {};
      const text = clusters.map(({ loadAssignment }) => new TextDecoder().decode(loadAssignment)).join();
      const sent = [...text.matchAll(/10\.0\.0\.\d/g)].map(([address]) => address);
      assert.equal(virtualHosts.length > 0, clusters.length > 0);
      return { shown: session?.backends.map(({ address, port }) => `${address}:${port}`), sent, problem };
    },
    [Symbol.asyncDispose]: async () => {
      await registrar.close();
      runtime[Symbol.dispose]();
    },
  };
}

const toService = (id: string, name = "web"): Session =>
  sampleSession(id, { backends: [], service: { namespace: "default", name, port: 80 } });

function service(uid: string, changes: Partial<Service> = {}): ReadonlyMap<string, Service> {
  const defaults = { namespace: "default", name: "web", createdAtMs: 0, terminating: false, labels: {} };
  return new Map([[uid, { uid, ...defaults, annotations: {}, ports: [{ name: "grpc", port: 80 }], ...changes }]]);
}

function slice(
  addresses: readonly string[],
  changes: Partial<EndpointSlice> = {},
): ReadonlyMap<string, EndpointSlice> {
  const { uid = "s" } = changes;
  const defaults = { namespace: "default", service: "web", family: "IPv4", ports: new Map([["grpc", 8080]]) };
  return new Map([[uid, { uid, ...defaults, addresses, ...changes }]]);
}

const NO_SERVICE = { shown: [], sent: [], problem: "there is no Service default/web" };
const NOT_READY = { shown: [], sent: [], problem: "no endpoint of Service default/web is ready" };
const at = (...addresses: readonly string[]) => ({
  shown: addresses.map((address) => `${address}:8080`),
  sent: addresses,
  problem: undefined,
});

Deno.test("a session of a Service is registered without endpoints, and follows those that come, move and go", async () => {
  await using bed = await startBed();
  assert.equal((await bed.register(toService("a"))).status, "created");
  assert.deepEqual(bed.leads("a"), NO_SERVICE);
  await bed.apply({ services: service("u", { ports: [{ name: "grpc", port: 81 }] }) });
  assert.equal(bed.leads("a").problem, "Service default/web has no TCP port 80");
  await bed.apply({ services: service("u") });
  assert.deepEqual(bed.leads("a"), NOT_READY);
  assert.deepEqual(bed.explainer.explain("a")?.failures, [{ path: "service", message: NOT_READY.problem }]);
  assert.equal(bed.explainer.explain("a")?.served, "nothing");
  await bed.apply({ slices: slice(["10.0.0.1"]) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.1"));
  assert.equal(bed.explainer.explain("a")?.served, "current");
  await bed.apply({ slices: slice(["10.0.0.2", "10.0.0.1"]) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.1", "10.0.0.2"));
  await bed.apply({ slices: slice([]) });
  assert.deepEqual(bed.leads("a"), NOT_READY);
  assert.deepEqual(bed.followed, Array(5).fill("a"));
  // Whoever registers it again as it is changes nothing of that.
  await bed.apply({ slices: slice(["10.0.0.3"]) });
  const generation = bed.registrar.generation;
  assert.equal((await bed.register(toService("a"))).status, "unchanged");
  assert.deepEqual([bed.leads("a"), bed.registrar.generation], [at("10.0.0.3"), generation]);
});

Deno.test("a session of a Service keeps where it leads, or why not, when its ttl is renewed", async () => {
  await using bed = await startBed();
  const session = { ...toService("a"), ttlMs: 60_000 };
  await bed.register(session);
  assert.equal((await bed.register(session)).status, "unchanged");
  assert.deepEqual(bed.leads("a"), NO_SERVICE);
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
  await bed.register(session);
  assert.deepEqual(bed.leads("a"), at("10.0.0.1"));
  await bed.time.advance(60_000);
  assert.equal(bed.table.get("a"), undefined);
});

Deno.test("a session never leads to what is left of a Service that was made anew", async () => {
  await using bed = await startBed();
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"], { owner: "u" }) });
  await bed.register(toService("a"));
  assert.deepEqual(bed.leads("a"), at("10.0.0.1"));
  await bed.apply({ services: new Map([["u", undefined], ...service("v")]) });
  assert.deepEqual(bed.leads("a"), NOT_READY);
  await bed.apply({ slices: slice(["10.0.0.2"], { owner: "v", uid: "t" }) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.2"));
  await bed.apply({ services: service("v", { terminating: true }) });
  assert.deepEqual(bed.leads("a"), NO_SERVICE);
});

Deno.test("a change of a Service has its sessions built again, all in one generation, and no others", async () => {
  await using bed = await startBed();
  const others = new Map([...service("u"), ...service("v", { name: "other" })]);
  await bed.apply({ services: others, slices: slice(["10.0.0.1"]) });
  for (const id of ["a", "b"]) await bed.register(toService(id));
  await bed.register(toService("c", "other"));
  await bed.register(sampleSession("d"));
  bed.built.length = 0;
  bed.generations.length = 0;
  await bed.apply({ slices: slice(["10.0.0.2"]) });
  assert.deepEqual(bed.built.toSorted(), ["a", "b"]);
  assert.equal(bed.generations.length, 1);
  // What leaves the endpoints as they are is no change of the sessions.
  await bed.apply({ services: service("u", { labels: { a: "b" } }) });
  assert.equal(bed.generations.length, 1);
  // One that leads elsewhere follows no more.
  await bed.register(sampleSession("a"));
  await bed.registrar.deregister("b");
  bed.built.length = 0;
  await bed.apply({ slices: slice(["10.0.0.3"]) });
  assert.deepEqual(bed.built, []);
  assert.deepEqual([bed.leads("a").shown, bed.table.get("b")], [["10.0.0.1:50051"], undefined]);
});

Deno.test("sessions that are registered together follow their Service each for itself", async () => {
  await using bed = await startBed();
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
  const ids = ["a", "b", "c"];
  await bed.registrar.submit(ids.map((id) => ({ kind: "register", session: toService(id) })));
  await bed.apply({ slices: slice(["10.0.0.2"]) });
  for (const id of ids) assert.deepEqual(bed.leads(id), at("10.0.0.2"), id);
  await bed.registrar.deregister("a");
  await bed.apply({ slices: slice(["10.0.0.3"]) });
  for (const id of ["b", "c"]) assert.deepEqual(bed.leads(id), at("10.0.0.3"), id);
  await bed.registrar.deregister("b");
  await bed.apply({ slices: slice(["10.0.0.4"]) });
  assert.deepEqual(bed.leads("c"), at("10.0.0.4"));
});

Deno.test("a session follows its Service whatever the store says", async () => {
  await using bed = await startBed();
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
  await bed.register(toService("a"));
  bed.store.failure = unavailable();
  await bed.apply({ slices: slice(["10.0.0.2"]) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.2"));
});

Deno.test("a session whose Service moves while it is being written leads where that is in the end", async () => {
  await using bed = await startBed();
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
  bed.store.holds = true;
  const registered = bed.register(toService("a"));
  await bed.time.settle();
  assert.ok(bed.store.isHeld);
  bed.routes.apply({ slices: slice(["10.0.0.2"]) });
  bed.store.holds = false;
  bed.store.release();
  await registered;
  await bed.time.settle();
  assert.deepEqual(bed.leads("a"), at("10.0.0.2"));
});

Deno.test("a session that can be built no more when its Service moves is not served, and is tried again", async () => {
  await using bed = await startBed();
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
  await bed.register(toService("a"));
  bed.fail({ path: "plugins.auth", message: "is odd" });
  await bed.apply({ slices: slice(["10.0.0.2"]) });
  assert.deepEqual(bed.leads("a").sent, []);
  assert.equal(bed.registrar.failing, 1);
  bed.fail(undefined);
  await bed.apply({ slices: slice(["10.0.0.3"]) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.3"));
  assert.equal(bed.registrar.failing, 0);
});

Deno.test("a session that was stored leads to where its Service is after a restart", async () => {
  const store = new StoreDouble();
  {
    await using bed = await startBed(store);
    await bed.apply({ services: service("u"), slices: slice(["10.0.0.1"]) });
    await bed.register(toService("a"));
  }
  await using bed = await startBed(store);
  assert.deepEqual(bed.leads("a"), NO_SERVICE);
  await bed.apply({ services: service("u"), slices: slice(["10.0.0.2"]) });
  assert.deepEqual(bed.leads("a"), at("10.0.0.2"));
});
