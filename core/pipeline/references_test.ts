import assert from "node:assert/strict";
import type { Message } from "../proto/message_types.ts";
import type { Session } from "../session/session.ts";
import { checkClusters, checkRoutes, checkSecrets, checkVirtualHosts } from "./references.ts";

type RouteAction = Message<"envoy.config.route.v3.RouteAction">;

const SESSION: Session = {
  id: "s1",
  host: "s1.example.org",
  aliases: ["alias.example.org"],
  backends: [{ address: "10.0.0.1", port: 50051, weight: 1 }],
  labels: {},
  plugins: {},
};
const CLUSTERS = [{ name: "s1" }, { name: "s1/canary" }];
const TARGETS = { clusters: CLUSTERS, shared: new Set(["plugin:cluster"]) };
const OTHERWISE = "must name a cluster: it might lead to another session's otherwise";

Deno.test("checkClusters() takes the session's own names", () => {
  assert.deepEqual(checkClusters(SESSION, CLUSTERS), []);
});

Deno.test("checkClusters() names clusters that are there twice, or another session's", () => {
  const must = 'must be "s1" or begin with "s1/"';
  const names = ["s1", "s1", "s2", "s12", "s1-canary", undefined];
  assert.deepEqual(checkClusters(SESSION, names.map((name) => ({ name }))), [
    { path: "clusters[1].name", message: 'there are two clusters "s1"' },
    { path: "clusters[2].name", message: `${must}, is "s2"` },
    { path: "clusters[3].name", message: `${must}, is "s12"` },
    { path: "clusters[4].name", message: `${must}, is "s1-canary"` },
    { path: "clusters[5].name", message: `${must}, is ""` },
  ]);
});

Deno.test("checkClusters() refuses types whose endpoints come from elsewhere", () => {
  const message = (type: string) =>
    `must be of a type that has its endpoints in it, such as STATIC or STRICT_DNS, is ${type}`;
  assert.deepEqual(checkClusters(SESSION, [{ name: "s1", type: "EDS" }, { name: "s1/o", type: "ORIGINAL_DST" }]), [
    { path: "clusters[0].type", message: message("EDS") },
    { path: "clusters[1].type", message: message("ORIGINAL_DST") },
  ]);
  // What was decoded has a number where we know no name; a hook may give one at any time.
  const numbered = [{ name: "s1", type: 3 as unknown as "EDS" }];
  assert.deepEqual(checkClusters(SESSION, numbered), [{ path: "clusters[0].type", message: message("EDS") }]);
  assert.deepEqual(checkClusters(SESSION, [{ name: "s1", type: "STRICT_DNS" }]), []);
});

Deno.test("checkSecrets() takes names below the id and hosts, no other, each once", () => {
  const names = ["s1/client", "s1.example.org", "alias.example.org", "s1/client", "s1", "listener:ingress"];
  const must = 'must be a host of the session or begin with "s1/"';
  assert.deepEqual(checkSecrets(SESSION, names.map((name) => ({ name }))), [
    { path: "secrets[3].name", message: 'there are two secrets "s1/client"' },
    { path: "secrets[4].name", message: `${must}, is "s1"` },
    { path: "secrets[5].name", message: `${must}, is "listener:ingress"` },
  ]);
});

function targetIssues(route: RouteAction) {
  return checkRoutes(TARGETS, [{ route }]);
}

Deno.test("checkRoutes() takes routes to the session's clusters, and those that lead to none", () => {
  const routes = [
    { route: { cluster: "s1" } },
    { route: { weightedClusters: { clusters: [{ name: "s1" }, { name: "s1/canary" }] } } },
    { route: { cluster: "s1", requestMirrorPolicies: [{ cluster: "s1/canary" }] } },
    { directResponse: { status: 204 } },
    { redirect: { hostRedirect: "www.example.org" } },
  ];
  assert.deepEqual(checkRoutes(TARGETS, routes), []);
});

Deno.test("checkRoutes() names what there is no cluster for: of a route, of its weights, of its mirrors", () => {
  assert.deepEqual(targetIssues({ cluster: "s2" }), [
    { path: "routes[0].route.cluster", message: 'there is no cluster "s2"' },
  ]);
  assert.deepEqual(targetIssues({ weightedClusters: { clusters: [{ name: "s1" }, { name: "s2" }] } }), [
    { path: "routes[0].route.weightedClusters.clusters[1]", message: 'there is no cluster "s2"' },
  ]);
  assert.deepEqual(targetIssues({ cluster: "s1", requestMirrorPolicies: [{ cluster: "s1/none" }] }), [
    { path: "routes[0].route.requestMirrorPolicies[0]", message: 'there is no cluster "s1/none"' },
  ]);
});

Deno.test("checkRoutes() refuses to let a request choose the cluster", () => {
  assert.deepEqual(targetIssues({ clusterHeader: "x-cluster" }), [
    { path: "routes[0].route.clusterHeader", message: OTHERWISE },
  ]);
  assert.deepEqual(targetIssues({ clusterSpecifierPlugin: "p" }), [
    { path: "routes[0].route.clusterSpecifierPlugin", message: OTHERWISE },
  ]);
  assert.deepEqual(targetIssues({ weightedClusters: { clusters: [{ clusterHeader: "x-cluster" }] } }), [
    { path: "routes[0].route.weightedClusters.clusters[0]", message: OTHERWISE },
  ]);
  assert.deepEqual(targetIssues({ cluster: "s1", requestMirrorPolicies: [{ clusterHeader: "x-cluster" }] }), [
    { path: "routes[0].route.requestMirrorPolicies[0]", message: OTHERWISE },
  ]);
  // A key without a value is as good as none.
  assert.deepEqual(targetIssues({ cluster: "s1", clusterHeader: undefined }), []);
});

Deno.test("checkVirtualHosts() takes hosts that are split over several, and a host that is left out", () => {
  const routes = [{ route: { cluster: "s1" } }];
  const split = [{ domains: ["alias.example.org"], routes }, { domains: ["s1.example.org"], routes }];
  assert.deepEqual(checkVirtualHosts(SESSION, TARGETS, split), []);
  assert.deepEqual(checkVirtualHosts(SESSION, TARGETS, split.slice(1)), []);
});

Deno.test("checkVirtualHosts() names domains that are no hosts of the session, or are there twice", () => {
  const virtualHosts = [
    { domains: ["s1.example.org", "*", "s2.example.org", "S1.example.org"] },
    { domains: ["alias.example.org", "s1.example.org"] },
  ];
  assert.deepEqual(checkVirtualHosts(SESSION, TARGETS, virtualHosts), [
    { path: "virtualHosts[0].domains[1]", message: '"*" is not a host of the session' },
    { path: "virtualHosts[0].domains[2]", message: '"s2.example.org" is not a host of the session' },
    { path: "virtualHosts[0].domains[3]", message: '"S1.example.org" is not a host of the session' },
    { path: "virtualHosts[1].domains[1]", message: '"s1.example.org" is there twice' },
  ]);
});

Deno.test("checkVirtualHosts() looks into routes and into its own mirrors", () => {
  const virtualHosts = [{
    domains: ["s1.example.org"],
    routes: [{ route: { cluster: "s1" } }, { route: { cluster: "s2" } }],
    requestMirrorPolicies: [{ cluster: "s3" }],
  }];
  assert.deepEqual(checkVirtualHosts(SESSION, TARGETS, virtualHosts), [
    { path: "virtualHosts[0].requestMirrorPolicies[0]", message: 'there is no cluster "s3"' },
    { path: "virtualHosts[0].routes[1].route.cluster", message: 'there is no cluster "s2"' },
  ]);
});
