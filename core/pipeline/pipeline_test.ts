import assert from "node:assert/strict";
import type { HookSet } from "../plugin/hook_set.ts";
import type { Hooks } from "../plugin/hooks.ts";
import { decodeMessage } from "../proto/codec.ts";
import type { Session } from "../session/session.ts";
import { CLUSTER, VIRTUAL_HOST } from "./check_messages.ts";
import { createPipeline } from "./pipeline.ts";

const LOAD_ASSIGNMENT = "envoy.config.endpoint.v3.ClusterLoadAssignment";

function session(id: string, more: Partial<Session> = {}): Session {
  return {
    id,
    host: `${id}.example.org`,
    aliases: [],
    backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
    labels: {},
    plugins: {},
    ...more,
  };
}

const named = (...sets: readonly (readonly [string, Hooks])[]): HookSet[] =>
  sets.map(([plugin, hooks]) => ({ plugin, hooks }));

function build(subject: Session, hookSets: readonly HookSet[] = []) {
  const result = createPipeline({ hookSets }).build(subject);
  return result.ok ? result.fragment : assert.fail(JSON.stringify(result.failures));
}

function failures(subject: Session, hookSets: readonly HookSet[]) {
  const result = createPipeline({ hookSets }).build(subject);
  return result.ok ? assert.fail("was built") : result.failures.map(({ cause: _, ...failure }) => failure);
}

Deno.test("build() makes a cluster, its endpoints apart, and a virtual host for all hosts", () => {
  const fragment = build(session("s1", { aliases: ["a.example.org"] }));
  const [cluster] = fragment.clusters;
  const [virtualHost] = fragment.virtualHosts;
  assert.ok(cluster && virtualHost);
  assert.equal(decodeMessage(CLUSTER, cluster.body).loadAssignment, undefined);
  const { clusterName, endpoints } = decodeMessage(LOAD_ASSIGNMENT, cluster.loadAssignment);
  assert.equal(clusterName, "s1");
  assert.equal(endpoints?.[0]?.lbEndpoints?.[0]?.endpoint?.address?.socketAddress?.address, "10.0.0.1");
  assert.deepEqual(virtualHost.hosts, ["s1.example.org", "a.example.org"]);
  const { name, domains, routes } = decodeMessage(VIRTUAL_HOST, virtualHost.body);
  assert.deepEqual([name, domains, routes?.[0]?.route?.cluster], [undefined, undefined, "s1"]);
});

Deno.test("build() gives the same bytes again, from another pipeline, and whatever the order of keys", () => {
  const hookSets = named(["labels", {
    cluster: (cluster, { session: { labels } }) => ({
      ...cluster,
      metadata: { filterMetadata: { labels: { ...labels } } },
    }),
  }]);
  const subject = session("s1", { labels: { a: "1", b: "2" } });
  const turned = Object.fromEntries(Object.entries(subject).reverse()) as unknown as Session;
  const again = { ...turned, labels: { b: "2", a: "1" }, backends: [{ weight: 1, port: 50051, address: "10.0.0.1" }] };
  const pipeline = createPipeline({ hookSets });
  const first = pipeline.build(subject);
  assert.ok(first.ok);
  for (const other of [pipeline.build(subject), pipeline.build(again), createPipeline({ hookSets }).build(again)]) {
    assert.deepEqual(other, first);
  }
});

Deno.test("build() runs the points in order, and plugins in theirs within a point", () => {
  const calls: string[] = [];
  const hooks = (plugin: string): Hooks => ({
    virtualHost: () => void calls.push(`virtualHost ${plugin}`),
    route: () => void calls.push(`route ${plugin}`),
    cluster: () => void calls.push(`cluster ${plugin}`),
    endpoint: () => void calls.push(`endpoint ${plugin}`),
    session: () => void calls.push(`session ${plugin}`),
  });
  build(session("s1"), named(["p", hooks("p")], ["q", hooks("q")]));
  const points = ["session", "endpoint", "cluster", "route", "virtualHost"];
  assert.deepEqual(calls, points.flatMap((point) => [`${point} p`, `${point} q`]));
});

Deno.test("build() shows hooks the session that session hooks left, frozen", () => {
  const backends = [{ address: "10.0.0.9", port: 1, weight: 1 }];
  const seen: unknown[] = [];
  const fragment = build(
    session("s1"),
    named(
      ["move", { session: (subject) => ({ ...subject, backends }) }],
      ["look", {
        cluster(cluster, context) {
          seen.push(context.session.backends, cluster.loadAssignment?.endpoints?.[0]?.lbEndpoints?.length);
          assert.ok(Object.isFrozen(context) && Object.isFrozen(context.session.backends[0]));
        },
      }],
    ),
  );
  assert.deepEqual(seen, [backends, 1]);
  assert.deepEqual(fragment, build(session("s1", { backends })));
});

Deno.test("build() makes no resources of a session that a session hook drops, and asks no other hook", () => {
  const rest = { cluster: () => assert.fail("was asked") };
  const fragment = build(session("s1"), named(["off", { session: () => [] }], ["rest", rest]));
  assert.deepEqual(fragment, { sessionId: "s1", clusters: [], virtualHosts: [], secrets: [] });
});

Deno.test("build() refuses a session hook that changes who the session is", () => {
  const hookSets = named(["p", { session: (subject) => ({ ...subject, id: "s2" }) }]);
  assert.deepEqual(failures(session("s1"), hookSets), [
    { plugin: "p", hook: "session", path: "id", message: 'must stay "s1", is "s2"' },
  ]);
});

Deno.test("build() refuses what a session hook makes no session of", () => {
  const hookSets = named(["p", { session: () => ({ id: "s1" }) as Session }]);
  const found = failures(session("s1"), hookSets);
  assert.ok(found.length > 0 && found.every(({ plugin, hook }) => plugin === "p" && hook === "session"));
});

Deno.test("build() fans endpoints, clusters and virtual hosts out", () => {
  const fragment = build(
    session("s1", { aliases: ["a.example.org", "b.example.org"] }),
    named(["fan", {
      cluster: (cluster) => [cluster, { ...cluster, name: "s1/canary", loadAssignment: { endpoints: [] } }],
      virtualHost: (host) => {
        const split = (host.domains ?? []).map((domain) => ({ ...host, domains: [domain] }));
        return split;
      },
      route: (route) => [
        { ...route, match: { prefix: "/canary" }, route: { ...route.route, cluster: "s1/canary" } },
        route,
      ],
    }]),
  );
  assert.deepEqual(fragment.clusters.map(({ name }) => name), ["s1", "s1/canary"]);
  const canary = fragment.clusters[1];
  assert.ok(canary);
  // The endpoints go by the name of their cluster, whatever the hook left there.
  assert.equal(decodeMessage(LOAD_ASSIGNMENT, canary.loadAssignment).clusterName, "s1/canary");
  assert.deepEqual(fragment.virtualHosts.map(({ hosts }) => hosts), [
    ["s1.example.org"],
    ["a.example.org"],
    ["b.example.org"],
  ]);
});

Deno.test("build() blames the plugin that first left something invalid, with the path in it", () => {
  const invalid: Hooks = { cluster: (cluster) => ({ ...cluster, connectTimeout: { seconds: -1 } }) };
  const later: Hooks = { cluster: (cluster) => ({ ...cluster, altStatName: "x" }) };
  const [failure, ...more] = failures(session("s1"), named(["before", later], ["bad", invalid], ["after", later]));
  assert.deepEqual(more, []);
  assert.deepEqual([failure?.plugin, failure?.hook, failure?.path], ["bad", "cluster", "clusters[0].connectTimeout"]);
});

Deno.test("build() takes what one plugin leaves wrong and another puts right", () => {
  const wrong: Hooks = { route: (route) => ({ ...route, route: { cluster: "s1/later" } }) };
  const right: Hooks = {
    virtualHost: (host) => ({ ...host, routes: [{ match: { prefix: "/" }, route: { cluster: "s1" } }] }),
  };
  assert.equal(build(session("s1"), named(["wrong", wrong], ["right", right])).virtualHosts.length, 1);
});

for (
  const [what, hooks, path] of [
    [
      "an endpoint",
      { endpoint: (it) => ({ ...it, loadBalancingWeight: { value: 0 } }) },
      "endpoints[0].loadBalancingWeight",
    ],
    ["a route", { route: (it) => ({ ...it, match: {} }) }, "routes[0].match"],
    ["a virtual host", { virtualHost: (it) => ({ ...it, domains: [] }) }, "virtualHosts[0].domains"],
    ["an unknown field", { cluster: (it) => ({ ...it, timeout: 1 }) }, "clusters[0].timeout"],
    [
      "an Any's content",
      {
        cluster: (it) => ({
          ...it,
          transportSocket: {
            name: "tls",
            typedConfig: {
              "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext" as const,
              sni: "x".repeat(256),
            },
          },
        }),
      },
      "clusters[0].transportSocket.typedConfig.sni",
    ],
  ] as const satisfies readonly (readonly [string, Hooks, string])[]
) {
  Deno.test(`build() refuses ${what} that Envoy would refuse`, () => {
    const found = failures(session("s1"), named(["p", hooks]));
    const [hook] = Object.keys(hooks);
    assert.deepEqual(found.map((failure) => [failure.plugin, failure.hook, failure.path]), [["p", hook, path]]);
  });
}

for (
  const [what, hooks, path] of [
    ["another session's cluster name", { cluster: (it) => ({ ...it, name: "s2" }) }, "clusters[0].name"],
    ["two clusters of one name", { cluster: (it) => [it, it] }, "clusters[1].name"],
    ["a cluster of type EDS", { cluster: (it) => ({ ...it, type: "EDS" }) }, "clusters[0].type"],
    ["a route to nothing", { route: (it) => ({ ...it, route: { cluster: "s2" } }) }, "routes[0].route.cluster"],
    [
      "another session's host",
      { virtualHost: (it) => ({ ...it, domains: ["s2.example.org"] }) },
      "virtualHosts[0].domains[0]",
    ],
    ["a host in two virtual hosts", { virtualHost: (it) => [it, it] }, "virtualHosts[1].domains[0]"],
    // Nobody touched the route; that its cluster is gone is to blame.
    ["a cluster dropped under its route", { cluster: () => [] }, "virtualHosts[0].routes[0].route.cluster"],
  ] as const satisfies readonly (readonly [string, Hooks, string])[]
) {
  Deno.test(`build() refuses ${what}, and names the plugin`, () => {
    const bystander: Hooks = { cluster: () => {}, endpoint: () => {}, route: () => {}, virtualHost: () => {} };
    const found = failures(session("s1"), named(["first", bystander], ["p", hooks], ["last", bystander]));
    const [hook] = Object.keys(hooks);
    assert.deepEqual(found.map((failure) => [failure.plugin, failure.hook, failure.path]), [["p", hook, path]]);
  });
}

Deno.test("build() blames nobody for what comes of the session itself", () => {
  const unparsed = session("s1", { backends: [{ address: "", port: 70_000, weight: 0 }] });
  const found = failures(unparsed, named(["p", { cluster: () => {} }]));
  assert.ok(
    found.length > 0 && found.every(({ plugin, path }) => plugin === undefined && path.startsWith("clusters[0]")),
  );
});

Deno.test("build() fails one session, and others are as they were", () => {
  const hookSets = named(["picky", {
    cluster(cluster, { session: { id } }) {
      if (id === "s2") throw new Error("not this one");
      return { ...cluster, altStatName: "picked" };
    },
  }]);
  const pipeline = createPipeline({ hookSets });
  const before = pipeline.build(session("s1"));
  assert.deepEqual(failures(session("s2"), hookSets), [
    { plugin: "picky", hook: "cluster", path: "", message: "not this one" },
  ]);
  assert.equal(pipeline.build(session("s2")).ok, false);
  assert.deepEqual(pipeline.build(session("s1")), before);
  assert.equal(before.ok, true);
});

Deno.test("build() throws for a defect of its own", () => {
  const noSession = { id: "s1" } as Session;
  assert.throws(() => createPipeline({ hookSets: [] }).build(noSession), TypeError);
  assert.throws(() => createPipeline({ hookSets: named(["p", { cluster: () => {} }]) }).build(noSession), TypeError);
});
